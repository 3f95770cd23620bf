import type { OwnedFd } from '../binding';
import { asError, type FdSocket } from '../stream';
import { PulledDuplex } from './pulled-duplex';
import { closeNumbers } from './close-numbers';

/**
 * What node-x11 takes as `options.stream`: a socket that carries descriptors both ways, for MIT-SHM and DRI3. It ends with
 * the peer, as a net.Socket does.
 *
 * The server may send descriptors ahead of the reply that names how many are its own, so they are given out in the order of
 * arrival.
 */
export class X11Stream extends PulledDuplex {
  /** By this node-x11 knows that {@link sendFds} is there. */
  readonly _fdCapable = true;
  /** And by this that {@link takeFds} is. */
  readonly _fdReceiving = true;

  /** Takes the socket over. @throws ERR_FD_MODE where it was before, or is read in another way */
  constructor(socket: FdSocket) {
    super({ allowHalfOpen: false });
    this.attach(socket, 'createStream()');
  }

  /** As net.Socket has it; node-x11 looks at it. */
  get readyState(): FdSocket['readyState'] {
    return this.socket?.readyState ?? 'closed';
  }

  /**
   * Sends a request with its descriptors, which it takes over: each is closed when it was sent, or could not be.
   * @param callback called when the kernel accepted all, or with the error
   */
  sendFds(request: Uint8Array, fds: readonly (number | OwnedFd)[], callback?: (error?: Error | null) => void): void {
    try {
      this.writeCarrying(request, fds, true, callback);
    } catch (error) {
      closeNumbers(fds);
      process.nextTick(() => callback?.(asError(error)));
    }
  }

  /** The next descriptors that came, as numbers for the caller to close; fewer where no more are there. At 1,024 reading pauses. */
  takeFds(count: number): number[] {
    return this.takeNumbers(Infinity, count);
  }
}
