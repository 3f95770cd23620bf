import { ModelWorld, type ModelWorldOptions, MSG_OOB } from '../../packages/binding-model';
import type { Kernel, Place } from './kernel';

const FD_LIMIT = 4096;

/** The model of a kernel. */
export function modelKernel(options: ModelWorldOptions): Kernel {
  const world = new ModelWorld({ fdLimit: FD_LIMIT, ...options });
  const { bindings } = world;
  let files = 0;
  return {
    bindings,
    credentials: [bindings[0].process.credentials, bindings[1].process.credentials],
    socketpair: () => world.socketpair(),
    open: (place) => world.open(`file ${++files}`, place),
    identity: (owned) => world.identity(owned),
    datagramSocket(place) {
      const { process, descriptors } = bindings[place];
      const [kept, other] = process.socketpair('seqpacket');
      process.close(other);
      return descriptors.adopt(kept);
    },
    closeBehindItsOwner: ({ fd }, place) => bindings[place].process.close(fd),
    shutdownBoth({ fd }, place) {
      bindings[place].process.shutdown(fd, 'SHUT_RDWR');
      // Unlike what is sent and closed, it is not noticed by itself.
      world.scheduler.changed();
    },
    sendOutOfBand({ fd }, place, byte, rights) {
      bindings[place].process.sendmsg(fd, { bytes: Buffer.from(byte), fds: [rights], flags: MSG_OOB });
    },
    async withFreeNumbers(free, place, run) {
      const { process } = bindings[place];
      const setFdLimit = (limit: number): void => {
        process.setFdLimit(limit);
        world.scheduler.changed();
      };
      setFdLimit(limitFor(world, place, free));
      try {
        return await run();
      } finally {
        setFdLimit(FD_LIMIT);
      }
    },
    leftOpen: () => world.openDescriptors(),
  };
}

/** The limit is on numbers, not on how many are open: below it exactly so many must be free. */
function limitFor({ bindings }: ModelWorld, place: Place, free: number): number {
  const { process } = bindings[place];
  const open = new Set(process.descriptors().map(([fd]) => fd - process.firstFd));
  let limit = 0;
  for (let found = 0; found < free; limit++) if (!open.has(limit)) found++;
  return limit;
}
