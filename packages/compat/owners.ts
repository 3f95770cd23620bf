import { getProcessTable, OwnedFd } from '../binding';
import { type FdLike, numberOf } from '../stream';

/** A second owner for each. @throws as {@link numberOf}; EBADF; EMFILE */
export function copies(fds: readonly FdLike[]): OwnedFd[] {
  const table = getProcessTable();
  const made: OwnedFd[] = [];
  try {
    fds.forEach((fd, index) => {
      const number = numberOf(fd, false, index);
      table.requireSendable?.([number]);
      made.push(OwnedFd.ofLedger(table.dup(number), table));
    });
  } catch (error) {
    OwnedFd.closeAll(made);
    throw error;
  }
  return made;
}

/** Takes numbers over. @throws as {@link OwnedFd.adopt}; none is taken over then */
export function owners(fds: readonly FdLike[]): OwnedFd[] {
  const made: OwnedFd[] = [];
  const numbers: OwnedFd[] = [];
  try {
    for (const fd of fds) {
      if (fd instanceof OwnedFd) made.push(fd);
      else {
        const owner = OwnedFd.adopt(numberOf(fd, true, made.length));
        numbers.push(owner);
        made.push(owner);
      }
    }
  } catch (error) {
    for (const owner of numbers) owner.take();
    throw error;
  }
  return made;
}
