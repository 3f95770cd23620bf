import { Duplex } from 'node:stream';
import { AncillaryError, counted, requireBytes, requireDescriptors, requireMethods } from '../binding';
import {
  asError,
  type FdFrame,
  type FdLike,
  type FdSocket,
  MAX_FDS_PER_SENDMSG,
  takeOver,
  type TakenOver,
} from '../stream';
import { Carried } from './carried';

type WriteCallback = (error?: Error | null) => void;

const HIGH_WATER_MARK = 64 * 1024;

/**
 * A Duplex over an FdSocket whose user has a form of its own for descriptors. Bytes come as the socket received them, segment
 * by segment, each after {@link received} was told of its descriptors; what is written keeps its order, with descriptors or
 * without.
 *
 * The socket may be connecting, and may come later by {@link attach}: what is read and written until then waits.
 */
export abstract class CarryingDuplex extends Duplex {
  #socket: FdSocket | undefined;
  /** What it is read by. */
  #source: TakenOver | undefined;
  #reading = false;
  /** Somebody reads, and there is no socket yet. */
  #wanted = false;
  /** Lets the socket go on reading, once what it brought was read. */
  #goOn: (() => void) | undefined;
  /** What a `_write()` or `_final()` does once there is a socket. */
  #whenAttached: ((socket: FdSocket) => void) | undefined;
  /** Descriptors of chunks that the Writable has yet to hand over, by chunk. */
  readonly #carried = new Map<Buffer, Carried>();
  /** Bytes that came. */
  #pushed = 0;

  constructor(options: { allowHalfOpen: boolean }) {
    super({ ...options, highWaterMark: HIGH_WATER_MARK });
  }

  /** The socket under it; undefined before there is one. */
  get socket(): FdSocket | undefined {
    return this.#socket;
  }

  get connecting(): boolean {
    return this.#socket?.connecting ?? false;
  }

  /** Does nothing, as for every Unix socket; libraries call it. */
  setNoDelay(): this {
    return this;
  }

  /** As {@link setNoDelay}. */
  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#socket?.unref();
    return this;
  }

  /** Whether so many descriptors wait that no more bytes should come; {@link roomAgain} says when that is over. */
  protected get full(): boolean {
    return false;
  }

  /** Descriptors were taken. */
  protected roomAgain(): void {
    if (this.#wanted && this.#source !== undefined) this.#read(this.#source);
  }

  /** Called just before the bytes of the frame come, to take its descriptors; those that it leaves are closed. */
  protected abstract received(frame: FdFrame): void;

  /** Called with all bytes, just before they come. It throws nothing. */
  protected arrived?(bytes: Buffer): void;

  /** Closes what {@link received} took and nobody asked for. */
  protected abstract closeReceived(): void;

  /** The socket that {@link attach} was given is connected now. */
  protected connected(): void {
    this.emit('connect');
  }

  /**
   * Takes the socket over.
   * @param by what a user would call this
   * @throws TypeError for what is no FdSocket; ERR_FD_MODE where it was taken over already, or is read in another way
   */
  protected attach(socket: FdSocket, by: string): void {
    requireMethods('the socket', 'an FdSocket, or an address', socket, ['forEachFrame', 'writeFds']);
    const source = socket[takeOver](by);
    this.#source = source;
    this.#socket = socket;
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.#socketClosed());
    if (this.destroyed) {
      socket.destroy();
      return;
    }
    if (socket.connecting) socket.on('connect', () => this.connected());
    this.#whenAttached?.(socket);
    this.#whenAttached = undefined;
    if (this.#wanted) this.#read(source);
  }

  /** Up to which byte of the stream was read. */
  protected get readUpTo(): number {
    return this.#pushed - (this.readableEncoding === null ? this.readableLength : 0);
  }

  /**
   * `write()` with descriptors. They may be closed as soon as it returns; with `transfer` each is closed, by its own method, when
   * its bytes were sent or failed.
   * @throws TypeError, ERR_FD_WITHOUT_BYTES, ERR_FD_CLOSED, ERR_FD_BUSY, EBADF; nothing was written then
   */
  protected writeCarrying(
    bytes: Uint8Array,
    fds: readonly FdLike[],
    transfer: boolean,
    callback?: WriteCallback,
  ): boolean {
    requireBytes('bytes', bytes);
    requireDescriptors(fds);
    if (fds.length === 0) return this.write(bytes, callback);
    if (Math.ceil(fds.length / MAX_FDS_PER_SENDMSG) > bytes.length) {
      const given = `${counted(fds.length, 'descriptor')} and ${counted(bytes.length, 'byte')}`;
      throw new AncillaryError(
        'ERR_FD_WITHOUT_BYTES',
        `${given}: one byte carries ${MAX_FDS_PER_SENDMSG} at most; nothing was sent, and nothing was closed`,
      );
    }
    if (this.destroyed || this.writableEnded) {
      // The Writable says so, in its way.
      if (transfer) new Carried(fds, true).settle(false);
      return this.write(bytes, callback);
    }
    // Its own Buffer, by which it is known again: the same bytes may be written twice.
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#carried.set(chunk, new Carried(fds, transfer));
    return this.write(chunk, callback);
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#source !== undefined) this.#read(this.#source);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#withSocket((socket) => this.#send(socket, chunk, callback));
  }

  override _writev(chunks: { chunk: Buffer }[], callback: WriteCallback): void {
    this.#withSocket((socket) => {
      if (this.#carried.size === 0) {
        socket.write(joined(chunks.map(({ chunk }) => chunk)), callback);
        return;
      }
      const last = chunks.length - 1;
      let plain: Buffer[] = [];
      // Where one fails the socket does, and the last is told, too.
      const flush = (told: WriteCallback): void => {
        if (plain.length > 0) socket.write(joined(plain), told);
        plain = [];
      };
      socket.cork();
      chunks.forEach(({ chunk }, index) => {
        const told = index === last ? callback : nothing;
        if (!this.#carried.has(chunk)) {
          plain.push(chunk);
          if (index === last) flush(callback);
          return;
        }
        flush(nothing);
        this.#send(socket, chunk, told);
      });
      socket.uncork();
    });
  }

  override _final(callback: WriteCallback): void {
    this.#withSocket((socket) => {
      if (socket.destroyed || socket.writableFinished) callback();
      else socket.end(() => callback());
    });
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    for (const carried of this.#carried.values()) carried.settle(false);
    this.#carried.clear();
    this.closeReceived();
    this.#goOn?.();
    this.#socket?.destroy();
    callback(error);
  }

  #withSocket(use: (socket: FdSocket) => void): void {
    if (this.#socket === undefined) this.#whenAttached = use;
    else use(this.#socket);
  }

  #send(socket: FdSocket, chunk: Buffer, callback: WriteCallback): void {
    const carried = this.#carried.get(chunk);
    if (carried === undefined) {
      socket.write(chunk, callback);
      return;
    }
    this.#carried.delete(chunk);
    const settle = (error?: Error | null): void => {
      carried.settle(!error);
      callback(error);
    };
    try {
      socket.writeFds(chunk, carried.fds, { transfer: true }, settle);
    } catch (error) {
      settle(asError(error));
    }
  }

  #read(source: TakenOver): void {
    if (this.full) return;
    this.#wanted = false;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
    if (this.#reading) return;
    this.#reading = true;
    source
      .forEachFrame((frame) => this.#receive(frame))
      .then(
        () => this.push(null),
        (error: unknown) => this.destroy(asError(error)),
      );
  }

  #receive(frame: FdFrame): void | Promise<void> {
    try {
      if (frame.fds.length > 0 && !this.destroyed) this.received(frame);
    } catch (error) {
      this.#throwLater(error);
    } finally {
      frame.close();
    }
    if (this.destroyed) return;
    this.#pushed += frame.bytes.length;
    this.arrived?.(frame.bytes);
    let more = true;
    try {
      more = this.push(frame.bytes);
    } catch (error) {
      this.#throwLater(error);
    }
    if (more && !this.full) return;
    return new Promise((resolve) => (this.#goOn = resolve));
  }

  /** What a listener throws is its own affair: as in Node, it is uncaught, and breaks nothing here. */
  #throwLater(error: unknown): void {
    process.nextTick(() => {
      throw error;
    });
  }

  /** By itself, since both its halves are done, or because the peer is gone: then what was written reaches nobody. */
  #socketClosed(): void {
    if (this.destroyed) return;
    if (!this.#reading) this.push(null);
    if (!this.writableEnded) this.end();
  }
}

const nothing = (): void => undefined;

/** Small ones cost less to copy than to send one by one. */
function joined(chunks: Buffer[]): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}
