import type { Duplex } from 'node:stream';
import {
  AncillaryError,
  type ByteRange,
  OwnedFd,
  type ReadEnd,
  type Segment,
  type SocketBinding,
  type SocketEvents,
  type SocketHandle,
  systemError,
} from '../binding';
import { ByteConsumer } from './byte-consumer';
import type { Discarded, DiscardReason } from './discard';
import { ReceiveQueue } from './receive-queue';
import { type ReceiveLimits, Receiver, type ReceiverHost } from './receiver';
import { Sender, type SenderHost } from './sender';
import { SocketStats } from './stats';
import { WriteOrder } from './write-order';

/**
 * What stands behind the Duplex of a socket: its handle, both halves, and what becomes of the whole when one of them
 * ends or fails. What only some sockets need is made when it is needed first, since most of many sockets are idle.
 */
export class Connection implements SocketEvents, ReceiverHost, SenderHost {
  readonly stats = new SocketStats();
  readonly handle: SocketHandle;
  readonly receiver: Receiver;
  readonly #duplex: Duplex;
  readonly #binding: SocketBinding;
  #bytes: ByteConsumer | undefined;
  #order: WriteOrder | undefined;
  /** The peer closed both directions, so nothing sent can arrive. */
  #peerGone = false;

  /** Takes over the socket; on failure it stays with the caller. @throws as {@link SocketBinding.open} */
  constructor(duplex: Duplex, binding: SocketBinding, socket: OwnedFd, limits: ReceiveLimits) {
    this.#duplex = duplex;
    this.#binding = binding;
    this.handle = binding.open(socket, this);
    this.receiver = new Receiver(this.handle, new ReceiveQueue<OwnedFd>(binding.anchor), limits, this);
  }

  /** Reading as bytes, once that was chosen. */
  get bytes(): ByteConsumer | undefined {
    return this.#bytes;
  }

  /** Chooses reading as bytes. @throws ERR_FD_MODE while the socket is read in another way */
  claimBytes(): ByteConsumer {
    this.#bytes ??= new ByteConsumer(this.receiver, this.#duplex);
    this.receiver.claim(this.#bytes);
    return this.#bytes;
  }

  /** The sending half. */
  get order(): WriteOrder {
    this.#order ??= new WriteOrder(this.#duplex, new Sender(this.handle, this.#binding, this));
    return this.#order;
  }

  /** Whether bytes were received that nobody took, or wait to be sent. */
  get holding(): boolean {
    return this.receiver.queue.length > 0 || this.#order?.sender.pending === true;
  }

  /** Ends the sending direction once everything queued has left. */
  finish(callback: (error: Error | null) => void): void {
    const shutdown = (): void => {
      const error = this.handle.shutdown();
      // Where nobody reads, nobody will see the end of file by which other sockets learn that they are done.
      this.handle.watchHangup();
      callback(error === undefined || error === 'ENOTCONN' ? null : systemError(error, 'shutdown'));
    };
    if (this.#order === undefined) shutdown();
    else this.#order.sender.whenIdle(shutdown);
  }

  /** Closes everything at once. Returns whether somebody is told by a rejection. */
  close(error: Error | null): boolean {
    this.handle.close();
    const reason = error ?? new AncillaryError('ERR_FD_CLOSED', 'the socket was destroyed');
    const sendersTold = this.#order?.close(reason) ?? false;
    const readersTold = this.receiver.close(error ?? undefined);
    return sendersTold || readersTold;
  }

  read(segments: readonly Segment[], end: ReadEnd | undefined): void {
    this.#peerGone ||= end === 'eof' && this.handle.hungUp();
    this.receiver.read(segments, end);
  }

  writable(): void {
    this.#order?.sender.writable();
  }

  /** What is sent now reaches nobody, so the sending side ends too; Duplex then closes the socket by itself. */
  hangup(): void {
    this.#peerGone = true;
    this.#duplex.end();
    this.#closeIfDone();
  }

  discard(fds: readonly OwnedFd[], range: ByteRange, reason: DiscardReason): void {
    const count = OwnedFd.closeAll(fds);
    if (count === 0) return;
    this.stats.fdsClosed += count;
    const tell = (): boolean => this.#duplex.emit('discarded', { count, range, reason } satisfies Discarded);
    // Not here and now, since a listener may throw or destroy the socket; but before whoever waits for a frame goes on,
    // and before 'close'.
    if (this.#duplex.destroyed) process.nextTick(tell);
    else queueMicrotask(tell);
  }

  left(): void {
    if (this.#peerGone) queueMicrotask(() => this.#closeIfDone());
  }

  ended(): void {
    this.#duplex.push(null);
    // Outside byte mode nobody reads the Readable, which learns of its end only by being read.
    if (this.#bytes === undefined || !this.receiver.isReading(this.#bytes)) this.#duplex.read(0);
    if (this.#peerGone) this.#duplex.end();
    else this.handle.watchHangup();
  }

  failed(error: Error): void {
    this.#duplex.destroy(error);
  }

  received(bytes: number, fds: number): void {
    this.stats.received(bytes, fds);
  }

  frameReceived(): void {
    this.stats.framesReceived++;
  }

  frameSent(bytes: number, fds: number): void {
    this.stats.sent(bytes, fds);
  }

  /** The peer is gone: where nobody reads and nothing is left to be read, the end of the stream need not be read either. */
  #closeIfDone(): void {
    if (this.#duplex.destroyed || this.#duplex.readableEnded || !this.#duplex.writableEnded) return;
    if (this.receiver.idle && this.handle.unread() === 0) this.ended();
  }
}
