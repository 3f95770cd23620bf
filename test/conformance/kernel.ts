import type { OwnedFd, PeerCredentials, SocketBinding } from '../../packages/binding';

/** Which of the two processes. */
export type Place = 0 | 1;

/** Two processes on one kernel, to run the contract on. On the real kernel both are the process that runs the test. */
export interface Kernel {
  /** One for each process. */
  readonly bindings: readonly [SocketBinding, SocketBinding];
  readonly credentials: readonly [PeerCredentials, PeerCredentials];
  /** Two connected stream sockets, one in each process. */
  socketpair(): [OwnedFd, OwnedFd];
  /** A new file. */
  open(place: Place): OwnedFd;
  /** The file behind a descriptor: the same for all that refer to it, whatever their number and process. */
  identity(owned: OwnedFd, place: Place): string;
  /** A connected Unix socket that is no stream. */
  datagramSocket(place: Place): OwnedFd;
  /** Closes a number without its owner knowing. */
  closeBehindItsOwner(owned: OwnedFd, place: Place): void;
  /** shutdown(2) of both directions, which no SocketHandle does by itself. */
  shutdownBoth(owned: OwnedFd, place: Place): void;
  /** Sends a byte out of band, with descriptors (MSG_OOB), which no SocketHandle does. */
  sendOutOfBand(owned: OwnedFd, place: Place, byte: string, fds: readonly number[]): void;
  /** Runs something while the process can open so many more descriptors. */
  withFreeNumbers<Result>(free: number, place: Place, run: () => Promise<Result>): Promise<Result>;
  /** What a test left open, by process. The real kernel is asked by the environment of the tests instead. */
  leftOpen(): readonly [readonly string[], readonly string[]];
}

export type NamedKernel = readonly [name: string, start: () => Kernel];

/** Defines tests that each run on a new instance of every kernel, and must leave nothing open there. */
export function onEach(
  kernels: readonly NamedKernel[],
  define: (test: (title: string, run: (kernel: Kernel) => unknown) => void) => void,
): void {
  describe.each(kernels)('on %s', (_name, start) => {
    define((title, run) => {
      test(title, async () => {
        const kernel = start();
        await run(kernel);
        expect(kernel.leftOpen()).toEqual([[], []]);
      });
    });
  });
}
