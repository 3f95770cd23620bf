import {
  AncillaryError,
  counted,
  describeValue,
  type FdAccount,
  invalidValue,
  type OptionNames,
  type OwnedFd,
  requireOptions,
} from '../binding';
import { discardFds, type FdFrame, type FdLike, type FdSocket } from '../stream';
import { CarryingDuplex } from './carrying-duplex';
import { closeNumbers } from './close-numbers';
import { DBusClaims } from './dbus-claims';

/** So many may wait for messages that have them: as many as an FdSocket queues by default. */
const MOST = 1024;

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
  readonly #claims = new DBusClaims();
  /** Of each descriptor that no message has claimed yet, in the order of arrival: who counts it, since an OwnedFd does not any more. */
  readonly #unclaimed: (FdAccount | undefined)[] = [];

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
    this.#claimed(fds.length);
    closeNumbers(fds);
  }

  protected override received(frame: FdFrame): void {
    if (this.listenerCount('fds') === 0) return;
    const count = this.#unclaimed.length + frame.fds.length;
    if (count > MOST) {
      this.socket?.[discardFds](frame.fds.splice(0), frame.range, 'surplus');
      this.destroy(
        new AncillaryError(
          'ERR_FD_SURPLUS',
          `${counted(count, 'descriptor')} came that no message has, where ${MOST} may wait; the connection is closed, and they are`,
        ),
      );
      return;
    }
    const fds = frame.fds.splice(0);
    if (this.#owned) {
      for (let each = 0; each < fds.length; each++) this.#unclaimed.push(undefined);
      this.emit('fds', fds);
      return;
    }
    const numbers = fds.map((fd) => {
      const { account } = fd;
      const number = fd.take();
      account?.count(1);
      this.#unclaimed.push(account);
      return number;
    });
    this.emit('fds', numbers);
  }

  protected override arrived(bytes: Buffer): void {
    const claimed = this.#claims.follow(bytes, this.#unclaimed.length > 0);
    if (claimed > 0) this.#claimed(claimed);
  }

  protected override closeReceived(): void {
    // They went to the listener as they came, who gives them to closeFds().
    this.#claimed(Infinity);
  }

  /** The next ones are whoever's message has them. */
  #claimed(count: number): void {
    for (const account of this.#unclaimed.splice(0, count)) account?.count(-1);
  }
}
