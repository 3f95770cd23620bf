import { describeValue, invalidValue, type OptionNames, type OwnedFd, requireOptions } from '../binding';
import type { FdFrame, FdLike, FdSocket } from '../stream';
import { CarryingDuplex } from './carrying-duplex';
import { closeNumbers } from './close-numbers';

/** How {@link DBusNativeStream} hands descriptors out. */
export interface DBusNativeOptions {
  /**
   * What stands in a message's `fds`: bare numbers, as dbus-native documents them and which the program closes with
   * `fs.closeSync()`, or OwnedFds. Default `'numbers'`.
   */
  readonly fds?: 'numbers' | 'owned' | undefined;
}

const OPTIONS: OptionNames<DBusNativeOptions> = { fds: true };

/**
 * What dbus-native takes as `opts.stream`: a socket that says by `writeWithFds` that it carries descriptors, and emits `'fds'`,
 * with an array of them, before the bytes that they came with. It ends with the peer, as a net.Socket does.
 */
export class DBusNativeStream extends CarryingDuplex {
  readonly #owned: boolean;

  /** Takes the socket over. @throws TypeError for options; ERR_FD_MODE where it was before, or is read in another way */
  constructor(socket: FdSocket, options: DBusNativeOptions = {}) {
    requireOptions('createStream()', options, OPTIONS);
    const fds: string = options.fds ?? 'numbers';
    if (fds !== 'numbers' && fds !== 'owned') throw invalidValue(`fds is numbers or owned, not ${describeValue(fds)}`);
    super({ allowHalfOpen: false });
    this.#owned = fds === 'owned';
    this.attach(socket, 'createStream()');
  }

  /**
   * `write()` with descriptors, numbers or whatever has one. They are borrowed, and may be closed as soon as this returns.
   * @returns whether the next write need not wait for `'drain'`
   * @throws TypeError, ERR_FD_WITHOUT_BYTES, ERR_FD_CLOSED, ERR_FD_BUSY, EBADF; nothing was written then
   */
  writeWithFds(bytes: Uint8Array, fds: readonly FdLike[]): boolean {
    return this.writeCarrying(bytes, fds, false);
  }

  /** Closes descriptors that came and that no message claimed; passes over those that are closed. */
  closeFds(fds: readonly (number | OwnedFd)[]): void {
    closeNumbers(fds);
  }

  protected override received(frame: FdFrame): void {
    if (this.listenerCount('fds') === 0) return;
    const fds = frame.fds.splice(0);
    this.emit('fds', this.#owned ? fds : fds.map((fd) => fd.take()));
  }

  protected override closeReceived(): void {
    // They went to the listener as they came.
  }
}
