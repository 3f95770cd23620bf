import {
  type LookAhead,
  type PeerCredentials,
  type ReadEnd,
  type Segment,
  type SendPart,
  type SendResult,
  type SocketEvents,
  type SocketHandle,
  systemError,
  warnOfFewNumbers,
} from '../binding';
import type { HandleParts } from './handle-parts';
import { KernelError } from './kernel';
import { ModelReceive } from './model-receive';
import { ModelSend } from './model-send';
import type { Watch } from './scheduler';

/** An open socket of the model. Its wake-ups come when the scheduler says so. */
export class ModelSocketHandle implements SocketHandle {
  #fd: number;
  readonly #parts: HandleParts;
  readonly #receive: ModelReceive;
  readonly #send: ModelSend;
  readonly #watches: readonly Watch[];
  #wantsRoom = false;
  #wantsHangup = false;
  /** That nothing is read, for want of numbers, was told. */
  #isPutOff = false;

  constructor(fd: number, events: SocketEvents, parts: HandleParts) {
    this.#fd = fd;
    this.#parts = parts;
    this.#receive = new ModelReceive(fd, parts);
    this.#send = new ModelSend(fd, parts);
    this.#watches = [
      this.#watch(
        () => this.#receive.wanted && parts.process.poll(fd).in && !(this.#isPutOff && this.#receive.heldBack),
        () => this.#read(events),
      ),
      this.#watch(
        () => this.#wantsRoom && (this.#send.hasRoom || this.#hopeless()),
        () => {
          this.#wantsRoom = false;
          events.writable();
        },
      ),
      this.#watch(
        () => this.#wantsHangup && parts.process.poll(fd).hup,
        () => {
          this.#wantsHangup = false;
          events.hangup();
        },
      ),
    ];
    for (const watch of this.#watches) parts.scheduler.add(watch);
  }

  get fd(): number {
    return this.#fd;
  }

  get shownFd(): number {
    return this.#fd;
  }

  allowReading(bytes: number, fds: number, look: LookAhead = 'nothing'): void {
    this.#receive.allow(bytes, fds, look);
    this.#parts.scheduler.changed();
  }

  readInto(memory: Buffer): void {
    this.#receive.into = memory;
  }

  fill(memory: Buffer): void {
    this.#receive.fill(memory);
  }

  sendParts(parts: readonly SendPart[]): SendResult {
    if (this.#fd === -1) return { accepted: 0, error: 'EBADF' };
    this.#parts.scheduler.changed();
    return this.#send.send(parts);
  }

  watchWritable(): void {
    this.#wantsRoom = true;
    this.#parts.scheduler.changed();
  }

  watchHangup(): void {
    this.#wantsHangup = true;
    this.#parts.scheduler.changed();
  }

  shutdown(): string | undefined {
    if (this.#fd === -1) return 'EBADF';
    this.#parts.scheduler.changed();
    try {
      this.#parts.process.shutdown(this.#fd, 'SHUT_WR');
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error.code;
      throw error;
    }
  }

  hungUp(): boolean {
    return this.#fd !== -1 && this.#parts.process.poll(this.#fd).hup;
  }

  unsent(): number {
    return this.#fd === -1 ? 0 : this.#parts.process.outq(this.#fd);
  }

  unread(): number {
    return this.#fd === -1 ? 0 : this.#parts.process.inq(this.#fd);
  }

  refuseFds(): void {
    if (this.#fd !== -1 && this.#parts.process.rules.name === 'linux')
      this.#parts.process.setsockopt(this.#fd, 'SO_PASSRIGHTS', 0);
  }

  peerCredentials(): PeerCredentials {
    if (this.#fd === -1) throw systemError('EBADF', 'getsockopt', 'descriptor -1');
    return this.#parts.peer;
  }

  /** A model keeps the event loop running exactly while it has something to do, whatever is asked. */
  ref(): void {
    this.#parts.scheduler.changed();
  }

  unref(): void {
    this.#parts.scheduler.changed();
  }

  close(): void {
    if (this.#fd === -1) return;
    for (const watch of this.#watches) this.#parts.scheduler.remove(watch);
    this.#parts.descriptors.closeHandedOver(this.#fd);
    this.#fd = -1;
  }

  /** Sending can only fail, so waiting for room must end. As epoll has it, what can be read hides a mere hangup. */
  #hopeless(): boolean {
    const { err, hup } = this.#parts.process.poll(this.#fd);
    return err || (hup && !this.#receive.wanted);
  }

  #read(events: SocketEvents): void {
    this.#isPutOff = this.#receive.heldBack;
    if (this.#isPutOff) {
      warnOfFewNumbers();
      events.putOff?.('numbers');
      return;
    }
    const segments: Segment[] = [];
    const end: ReadEnd | undefined = this.#receive.pump(segments);
    const { ahead } = this.#receive;
    if (segments.length > 0 || end !== undefined || ahead !== undefined) events.inbox.deliver(segments, end, ahead);
  }

  #watch(isReady: () => boolean, wake: () => void): Watch {
    return {
      get ready() {
        return isReady();
      },
      wake,
    };
  }
}
