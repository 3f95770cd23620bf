import { describeValue, errnoName, invalidType, invalidValue, systemError } from '../binding';
import { addon, nativeDescriptors } from '../binding-native';
import { type FdLike, numberOf } from '../stream';

/** By the kernel's names, whose values are the addon's: where there is none, importing works all the same. */
const NAMES = {
  /** No further seals. */
  seal: 'F_SEAL_SEAL',
  shrink: 'F_SEAL_SHRINK',
  grow: 'F_SEAL_GROW',
  /** The content stays as it is, also for those who have mapped it. */
  write: 'F_SEAL_WRITE',
  /** Only those who have mapped it for writing can change the content from now on. */
  'future-write': 'F_SEAL_FUTURE_WRITE',
} as const;

/** What a seal forbids, as fcntl(2) has them. */
export type Seal = keyof typeof NAMES;

/** Neither size nor content can change any more. */
export const UNCHANGING: readonly Seal[] = ['seal', 'shrink', 'grow', 'write'];

/**
 * Seals a memfd, for all who have it and for good. Borrows it. What a receiver is to map is sealed against shrinking at least:
 * reading memory of a file that has shrunk ends a process with SIGBUS.
 * @param seals what to forbid; by default everything, so that neither size nor content can change any more
 * @throws TypeError; EINVAL for what is no memfd; EPERM for one that is sealed against seals or opened for reading only; EBUSY to
 * forbid writing while it is mapped for that
 */
export function seal(fd: FdLike, seals: readonly Seal[] = UNCHANGING): void {
  requireSeals('seals', seals);
  const bits = seals.reduce((sum, name) => sum | bitOf(name), 0);
  const number = numberOf(fd);
  const result = addon.addSeals(number, bits);
  if (result < 0) throw notSealed(number, errnoName(-result));
}

function notSealed(fd: number, code: string): Error {
  const which = `fd, descriptor ${fd} (${nativeDescriptors.describe(fd)}),`;
  if (code === 'EBADF') return systemError(code, 'fcntl', `fd, descriptor ${fd}, is not open`);
  // The kernel looks first whether it may be written to.
  if (addon.getSeals(fd) < 0)
    return systemError('EINVAL', 'fcntl', `${which} is no memfd, which fds.memfd() makes, so it cannot be sealed`);
  const seals = sealsOf(fd);
  const why = (): string => {
    if (code === 'EBUSY')
      return 'is mapped for writing, which must end first; or seal it with future-write in place of write';
    if (seals.includes('seal')) return `is sealed for good already, with ${seals.join(', ')}; none can be added`;
    return 'is open for reading only; seal it by the descriptor that fds.memfd() returned';
  };
  return systemError(code, 'fcntl', `${which} ${why()}`);
}

/** The seals of a memfd. */
export function sealsOf(fd: number): Seal[] {
  const bits = addon.getSeals(fd);
  if (bits < 0) return [];
  return (Object.keys(NAMES) as Seal[]).filter((name) => (bits & bitOf(name)) !== 0);
}

/** @throws TypeError for what is no array of seals */
export function requireSeals(name: string, given: unknown): void {
  if (!Array.isArray(given)) throw invalidType(`${name} is an array such as ['shrink'], not ${describeValue(given)}`);
  // Spread: a hole is no seal, and forEach() would pass over it.
  for (const seal of [...(given as unknown[])]) {
    if (typeof seal === 'string' && Object.hasOwn(NAMES, seal)) continue;
    throw invalidValue(`${name} has ${describeValue(seal)} in it; there is ${Object.keys(NAMES).join(', ')}`);
  }
}

function bitOf(name: Seal): number {
  return addon.constants[NAMES[name]];
}
