import { type SocketBinding, type SendResult, type SocketHandle, systemError } from '../binding';
import type { FdLike } from './fd-like';
import { Outgoing, type SendOptions } from './outgoing';
import { asError } from './rejection';
import { holdsFds, MAX_FDS_PER_SENDMSG, SendQueue } from './send-queue';

/** What the sender needs of the socket it belongs to. */
export interface SenderHost {
  /** The socket can send no more. */
  failed(error: Error): void;
  /** A frame left whole. */
  frameSent(bytes: number, fds: number): void;
}

// sendmsg's word about the descriptors of one frame: nothing of it was sent, and the stream is as good as before.
const ABOUT_ONE_FRAME = new Set(['EBADF', 'EPERM', 'EINVAL', 'EACCES']);
// The kernel is short of something that comes back without the socket turning writable (docs/kernel.md 20, 27).
const TRY_AGAIN_LATER = new Set(['ETOOMANYREFS', 'ENOBUFS', 'ENOMEM', 'EMSGSIZE']);
const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 100;

/**
 * The sending half of a socket: puts frames in order, sends what the kernel takes at once, keeps the rest safe from
 * what the user does to borrowed descriptors meanwhile, and settles each frame once.
 */
export class Sender {
  readonly #handle: SocketHandle;
  readonly #binding: SocketBinding;
  readonly #host: SenderHost;
  readonly #queue = new SendQueue<Outgoing>();
  /** The kernel refused; writable() or the timer goes on. */
  #waiting = false;
  #stopWaiting: (() => void) | undefined;
  #waitMs = SHORTEST_WAIT_MS;
  #flushing = false;
  #gathering = false;
  #onIdle: (() => void) | undefined;
  /** Why nothing is sent any more. */
  #closed: Error | undefined;

  constructor(handle: SocketHandle, binding: SocketBinding, host: SenderHost) {
    this.#handle = handle;
    this.#binding = binding;
    this.#host = host;
  }

  /** Whether frames wait to be sent. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** Makes a frame of what `send()` was given. @throws as {@link Outgoing.frame} */
  frame(bytes: Uint8Array, fds: readonly FdLike[], options: SendOptions): Outgoing {
    const frame = Outgoing.frame(bytes, fds, options.transfer ?? false, this.#binding.descriptors);
    if (options.signal !== undefined) {
      frame.withdrawOn(options.signal, () => frame.parked || this.#withdraw(frame));
    }
    return frame;
  }

  /**
   * Queues a frame and sends what can be sent now. When this returns, its descriptors have left or are duplicated: the
   * user may close them. A frame that fails is settled, not thrown.
   */
  send(frame: Outgoing): void {
    if (this.#closed !== undefined) {
      frame.settle(this.#closed);
      return;
    }
    // The first plain frame of a turn goes at once; those that follow within it share system calls. A Writable hands
    // over its chunks one after the other, and gathers by itself.
    const gathers = frame.promised && frame.fds.length === 0;
    if (gathers && this.#gathering) {
      this.#queue.push(frame);
      return;
    }
    if (gathers) this.#gather();
    if (this.#canPassQueue(frame)) this.#sendPastQueue(frame);
    else {
      this.#queue.push(frame);
      this.flush();
    }
    if (!frame.settled && holdsFds(frame)) this.secure(frame);
  }

  /** Makes a frame independent of its borrowed descriptors, since it has to wait; one that cannot be is settled. */
  secure(frame: Outgoing): void {
    try {
      frame.secure(this.#binding.descriptors);
    } catch (error) {
      const failure = asError(error);
      this.#queue.withdraw(frame);
      frame.settle(failure);
      // Part of the frame is on the wire and the rest cannot follow: the stream is of no use any more.
      if (frame.sent > 0) this.#host.failed(failure);
    }
  }

  /** Sends until the queue is empty or the kernel refuses. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#queue.length > 0 && !this.#waiting) this.#sendSome();
    } catch (error) {
      this.#host.failed(asError(error));
    } finally {
      this.#flushing = false;
    }
    this.#tellIdle();
  }

  /** The kernel has room again. */
  writable(): void {
    this.#waiting = false;
    this.flush();
  }

  /** Calls back, once, when everything queued has left. */
  whenIdle(callback: () => void): void {
    if (this.#queue.length === 0) callback();
    else this.#onIdle = callback;
  }

  /** Fails every frame that is left or still comes. Returns whether somebody is told by a promise. */
  close(reason: Error): boolean {
    this.#closed = reason;
    this.#stopWaiting?.();
    this.#waiting = true;
    this.#onIdle = undefined;
    const left = this.#queue.clear();
    for (const frame of left) frame.settle(reason);
    return left.some(({ promised }) => promised);
  }

  #gather(): void {
    this.#gathering = true;
    queueMicrotask(() => {
      this.#gathering = false;
      this.flush();
    });
  }

  #canPassQueue({ bytes, fds }: Outgoing): boolean {
    const inUse = this.#queue.length > 0 || this.#flushing || this.#waiting;
    return !inUse && bytes.length > 0 && fds.length <= MAX_FDS_PER_SENDMSG;
  }

  /** What the queue would do with its only frame, in less time: mostly the kernel takes all of it. */
  #sendPastQueue(frame: Outgoing): void {
    let result: SendResult;
    try {
      result = this.#handle.send([frame]);
    } catch (error) {
      this.#queue.push(frame);
      this.#host.failed(asError(error));
      return;
    }
    if (result.accepted === frame.bytes.length) {
      this.#left(frame);
      return;
    }
    frame.sent = result.accepted;
    this.#queue.push(frame);
    if (result.error !== undefined) this.#refused(result.error);
  }

  #left(frame: Outgoing): void {
    this.#waitMs = SHORTEST_WAIT_MS;
    this.#host.frameSent(frame.bytes.length, frame.fds.length);
    frame.settle();
  }

  #withdraw(frame: Outgoing): boolean {
    const withdrawn = this.#queue.withdraw(frame);
    // end() may have waited for this frame only.
    if (withdrawn) queueMicrotask(() => this.#tellIdle());
    return withdrawn;
  }

  #tellIdle(): void {
    if (this.#queue.length > 0 || this.#onIdle === undefined) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle();
  }

  #sendSome(): void {
    const { accepted, error } = this.#handle.send(this.#queue.plan());
    if (accepted > 0) this.#waitMs = SHORTEST_WAIT_MS;
    for (const frame of this.#queue.accept(accepted)) this.#left(frame);
    if (error !== undefined) this.#refused(error);
  }

  #refused(error: string): void {
    const front = this.#queue.front;
    if (error === 'EAGAIN') {
      this.#waiting = true;
      this.#handle.watchWritable();
    } else if (TRY_AGAIN_LATER.has(error)) {
      this.#waiting = true;
      this.#stopWaiting = this.#binding.after(this.#waitMs, () => this.writable());
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    } else if (front !== undefined && isAbout(front, error) && this.#queue.withdraw(front)) {
      front.settle(systemError(error, 'sendmsg', this.#blame(front, error)));
    } else {
      this.#waiting = true;
      this.#host.failed(systemError(error, 'sendmsg'));
    }
  }

  #blame(frame: Outgoing, error: string): string {
    const notOpen = error === 'EBADF' ? frame.fds.find((fd) => !this.#binding.descriptors.isOpen(fd)) : undefined;
    const why = notOpen === undefined ? '' : `descriptor ${notOpen} is not open; `;
    return `${why}nothing of the frame was sent`;
  }
}

/** Whether an errno speaks of the frame's descriptors and not of the socket. */
function isAbout(frame: Outgoing, error: string): boolean {
  return frame.fds.length > 0 && ABOUT_ONE_FRAME.has(error);
}
