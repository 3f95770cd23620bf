import { describeValue, invalidType, OwnedFd } from '../../binding';
import type { FdLike, FdSocket } from '../../stream';
import { adoptAll } from '../adopt-all';
import { PulledDuplex } from '../pulled-duplex';

/** Where to connect: a path, an abstract name after a zero byte, or a connected socket's descriptor. */
export interface USocketOptions {
  path?: string | undefined;
  fd?: number | undefined;
  /** Whether the sending side stays open when the peer has ended its own; default `true`. */
  allowHalfOpen?: boolean | undefined;
}

/** What {@link USocket.write} takes beside bytes. */
export interface USocketMessage {
  data?: Uint8Array | string | null | undefined;
  fds?: readonly FdLike[] | undefined;
  /** Called when all was sent, or could not be. */
  callback?: ((error?: Error | null) => void) | undefined;
}

/** What `read()` with two arguments returns. */
export interface USocketRead {
  data: Buffer | string | null;
  /** Numbers, which the caller closes. */
  fds: number[];
}

type WriteCallback = (error?: Error | null) => void;

/**
 * The class that usocket has, over an FdSocket: descriptors are read together with the bytes that they came with, and never
 * with those of another message.
 */
export abstract class USocketBase extends PulledDuplex {
  constructor(options?: USocketOptions | string | null, callback?: () => void) {
    const given = typeof options === 'string' ? { path: options } : (options ?? {});
    super({ allowHalfOpen: given.allowHalfOpen ?? true });
    if (given.path !== undefined || given.fd !== undefined) this.connect(given, callback);
  }

  /** The socket's own descriptor, to lend out; undefined before it is connected and once it is closed. */
  get fd(): number | undefined {
    const fd = this.socket?.fd ?? -1;
    return fd === -1 ? undefined : fd;
  }

  /** Connects; `'connected'` says when, and calls back. @throws Error once connected; TypeError for what is no address */
  connect(target: USocketOptions | string, callback?: () => void): this {
    if (this.socket !== undefined) throw new Error('connect() was called already: a USocket connects once');
    const { path, fd } = typeof target === 'string' ? { path: target } : target;
    // What else has a descriptor, such as a stream, closes it itself.
    if (
      (typeof path !== 'string' && typeof fd !== 'number') ||
      'destroy' in Object(target) ||
      'close' in Object(target)
    )
      throw invalidType(`connect() takes a path or { fd }, not ${describeValue(target)}`);
    const socket = this.open(typeof fd === 'number' ? { fd } : { path: path ?? '' });
    if (typeof callback === 'function') this.once('connected', callback);
    this.attach(socket, 'USocket');
    if (!socket.connecting) process.nextTick(() => this.destroyed || this.connected());
    return this;
  }

  /** Not as `'connect'`: dbus-next begins for either, and would begin twice. */
  protected override connected(): void {
    this.emit('connected');
  }

  /**
   * With one argument, as of every Readable. With two, the descriptors too that came with the bytes that were read so far, these
   * included, and were not read yet.
   * @param size how many bytes; all there are for null
   * @param count how many descriptors: where there are fewer, null is returned and nothing read; all of them for null
   */
  override read(size?: number | null): Buffer | string | null;
  override read(size: number | null | undefined, count: number | null): USocketRead | null;
  override read(size?: number | null, count?: number | null): Buffer | string | USocketRead | null {
    const most = size ?? undefined;
    if (count === undefined) return super.read(most) as Buffer | string | null;
    if (count !== null && this.untaken.countBefore(this.readUpTo + (most ?? this.readableLength)) < count) {
      super.read(0);
      return null;
    }
    const data = super.read(most) as Buffer | string | null;
    if (data === null && most !== undefined && most !== 0) return null;
    const fds = this.takeNumbers(this.readUpTo, count ?? Infinity);
    return data === null && fds.length === 0 && most !== 0 ? null : { data, fds };
  }

  /**
   * Puts bytes back, and numbers, which it takes over: they are read again with the last of these bytes.
   * @throws TypeError, EBADF and ERR_FD_BUSY for numbers, with nothing put back or taken over
   */
  override unshift(data: Uint8Array | string | null, fds?: readonly number[] | BufferEncoding): void {
    const anchor = this.readUpTo - 1;
    const owned = Array.isArray(fds) ? adoptAll(fds as readonly number[]) : [];
    try {
      if (data !== null && data.length > 0) super.unshift(data, typeof fds === 'string' ? fds : undefined);
    } catch (error) {
      for (const owner of owned) owner.take();
      throw error;
    }
    if (owned.length === 0) return;
    if (this.destroyed) OwnedFd.closeAll(owned);
    else this.untaken.putBack(owned, anchor);
  }

  /**
   * Sends bytes, and descriptors on the first of them. Descriptors may be closed as soon as this returns.
   * @returns whether the next write need not wait for `'drain'`
   * @throws TypeError; ERR_FD_WITHOUT_BYTES for descriptors without bytes; ERR_FD_CLOSED, ERR_FD_BUSY and EBADF for descriptors;
   * nothing was sent then
   */
  override write(
    chunk: Uint8Array | string | readonly FdLike[] | USocketMessage,
    encoding?: BufferEncoding | WriteCallback | null,
    callback?: WriteCallback,
  ): boolean {
    const tell = typeof encoding === 'function' ? encoding : callback;
    if (typeof chunk === 'string') {
      return super.write(chunk, typeof encoding === 'string' ? encoding : 'utf8', tell);
    }
    if (chunk instanceof Uint8Array) return super.write(chunk, tell);
    const { data, fds, callback: own } = messageOf(chunk);
    const told = own === undefined ? tell : both(own, tell);
    return fds.length === 0 ? super.write(data, told) : this.writeCarrying(data, fds, false, told);
  }

  override end(
    chunk?: Uint8Array | string | readonly FdLike[] | USocketMessage | null | (() => void),
    encoding?: BufferEncoding | null | (() => void),
    callback?: () => void,
  ): this {
    const tell = [chunk, encoding, callback].find((each) => typeof each === 'function');
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      this.write(chunk, typeof encoding === 'string' ? encoding : null);
    }
    return super.end(tell);
  }

  /** How a socket is made of what usocket takes; it takes the descriptor over. */
  protected abstract open(target: { path: string } | { fd: number }): FdSocket;
}

function messageOf(given: readonly FdLike[] | USocketMessage): {
  data: Uint8Array;
  fds: readonly FdLike[];
  callback: WriteCallback | undefined;
} {
  const message = (Array.isArray(given) ? { fds: given as readonly FdLike[] } : given) as USocketMessage | null;
  const { data, fds = [], callback } = message ?? {};
  if (callback !== undefined && typeof callback !== 'function')
    throw invalidType(`callback is a function, not ${describeValue(callback)}`);
  if (!Array.isArray(fds)) throw invalidType(`fds is an array of descriptors, not ${describeValue(fds)}`);
  if (data === undefined || data === null) {
    if (fds.length === 0) throw invalidType(`write() takes bytes, or { data, fds }, not ${describeValue(given)}`);
    return { data: Buffer.alloc(0), fds: fds as readonly FdLike[], callback };
  }
  if (typeof data === 'string') return { data: Buffer.from(data), fds: fds as readonly FdLike[], callback };
  if (data instanceof Uint8Array) return { data, fds: fds as readonly FdLike[], callback };
  throw invalidType(`data is a Buffer or a string, not ${describeValue(data)}`);
}

function both(first: WriteCallback, second: WriteCallback | undefined): WriteCallback {
  return (error) => {
    first(error);
    second?.(error);
  };
}
