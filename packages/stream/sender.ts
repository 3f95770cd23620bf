import { AncillaryError, type DescriptorTable, OwnedFd, type SocketHandle, systemError } from '../binding';
import { abortError } from './rejection';
import { closeSource, type FdLike, numberOf } from './fd-like';
import { bytesNeededFor, holdsFds, MAX_FDS_PER_SENDMSG, type OutgoingFrame, SendQueue } from './send-queue';

/** How {@link Sender.send} treats what it is given. */
export interface SendOptions {
  /** Close each descriptor by its own method once it was sent, or failed to be. */
  readonly transfer?: boolean;
  /** Takes the frame back as long as no byte of it was accepted; afterwards it is completed. */
  readonly signal?: AbortSignal;
}

/** What the sender needs of the socket it belongs to. */
export interface SenderHost {
  /** The socket can send no more. */
  failed(error: Error): void;
  /** A frame left whole. */
  frameSent(bytes: number, fds: number): void;
}

/** A frame with everything that must happen when it is sent or failed. */
export interface Outgoing extends OutgoingFrame {
  /** Sent, or failed. */
  settled: boolean;
  /** Waits for its place in the queue. */
  parked: boolean;
  /** Settles it; does nothing the second time. */
  settle(error?: Error): void;
  /** Called after it was settled, however that went. */
  onSettled?: () => void;
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
  readonly #table: DescriptorTable;
  readonly #host: SenderHost;
  readonly #queue = new SendQueue<Outgoing>();
  /** Our duplicates of the descriptors of frames that wait. */
  readonly #copies = new Map<Outgoing, OwnedFd[]>();
  /** The kernel refused; writable() or the timer goes on. */
  #waiting = false;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = SHORTEST_WAIT_MS;
  #flushing = false;
  #gathering = false;
  #onIdle: (() => void) | undefined;

  constructor(handle: SocketHandle, table: DescriptorTable, host: SenderHost) {
    this.#handle = handle;
    this.#table = table;
    this.#host = host;
  }

  /**
   * Makes a frame of what the user gave, checked as far as it can be before anything is written. A frame that may not
   * be sent has its transferred descriptors closed, unless it was the transfer that was refused.
   * @throws TypeError, ERR_FD_BUSY, with every source left as it was; ERR_FD_CLOSED, ERR_FD_WITHOUT_BYTES, EBADF
   */
  frame(
    bytes: Uint8Array,
    sources: readonly FdLike[],
    options: SendOptions,
    settled: (error?: Error) => void,
  ): Outgoing {
    const { transfer = false, signal } = options;
    let fds: number[];
    try {
      fds = sources.map((source) => numberOf(source, transfer));
      this.#check(bytes, fds);
    } catch (error) {
      const refused = error instanceof TypeError || (error instanceof AncillaryError && error.code === 'ERR_FD_BUSY');
      if (transfer && !refused) this.#closeAll(sources);
      throw error;
    }
    const onAbort = (): void => {
      if (signal !== undefined && (frame.parked || this.#queue.withdraw(frame))) frame.settle(abortError(signal));
    };
    const frame: Outgoing = {
      bytes,
      fds,
      sent: 0,
      settled: false,
      parked: false,
      settle: (error) => {
        if (frame.settled) return;
        frame.settled = true;
        signal?.removeEventListener('abort', onAbort);
        this.#forgetCopies(frame);
        if (transfer) this.#closeAll(sources);
        settled(error);
        frame.onSettled?.();
      },
    };
    signal?.addEventListener('abort', onAbort);
    return frame;
  }

  /**
   * Queues a frame and sends what can be sent now. When this returns, its descriptors have left or are duplicated: the
   * user may close them. A frame that fails is settled, not thrown.
   */
  send(frame: Outgoing): void {
    this.#queue.push(frame);
    if (frame.fds.length > 0) {
      this.flush();
      if (holdsFds(frame)) this.secure(frame);
    } else if (!this.#gathering) {
      // The first of a turn goes at once; those that follow within it share system calls.
      this.#gathering = true;
      queueMicrotask(() => {
        this.#gathering = false;
        this.flush();
      });
      this.flush();
    }
  }

  /** Replaces a frame's borrowed descriptors by duplicates of our own, since it has to wait. */
  secure(frame: Outgoing): void {
    if (this.#copies.has(frame)) return;
    const copies: OwnedFd[] = [];
    try {
      for (const fd of frame.fds) copies.push(OwnedFd.ofLedger(this.#table.dup(fd), this.#table));
    } catch (error) {
      OwnedFd.closeAll(copies);
      const failure = error instanceof Error ? error : new Error(String(error));
      const partSent = frame.sent > 0;
      this.#queue.withdraw(frame);
      frame.settle(failure);
      // Part of the frame is on the wire and the rest cannot follow: the stream is of no use any more.
      if (partSent) this.#host.failed(failure);
      return;
    }
    frame.fds = copies.map((copy) => copy.fd);
    this.#copies.set(frame, copies);
  }

  /** Sends until the queue is empty or the kernel refuses. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#queue.length > 0 && !this.#waiting) {
      const { accepted, error } = this.#handle.send(this.#queue.plan());
      if (accepted > 0) this.#waitMs = SHORTEST_WAIT_MS;
      for (const frame of this.#queue.accept(accepted)) {
        this.#host.frameSent(frame.bytes.length, frame.fds.length);
        frame.settle();
      }
      if (error !== undefined) this.#refused(error);
    }
    this.#flushing = false;
    if (this.#queue.length === 0 && this.#onIdle !== undefined) {
      const onIdle = this.#onIdle;
      this.#onIdle = undefined;
      onIdle();
    }
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

  /** Fails every frame that is left. Returns whether there was any. */
  close(reason: Error): boolean {
    clearTimeout(this.#timer);
    this.#waiting = true;
    this.#onIdle = undefined;
    const left = this.#queue.clear();
    for (const frame of left) frame.settle(reason);
    return left.length > 0;
  }

  #refused(error: string): void {
    const front = this.#queue.front;
    if (error === 'EAGAIN') {
      this.#waiting = true;
      this.#handle.watchWritable();
    } else if (TRY_AGAIN_LATER.has(error)) {
      this.#waiting = true;
      this.#timer = setTimeout(() => this.writable(), this.#waitMs);
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    } else if (
      front !== undefined &&
      front.fds.length > 0 &&
      ABOUT_ONE_FRAME.has(error) &&
      this.#queue.withdraw(front)
    ) {
      front.settle(systemError(error, 'sendmsg', 'nothing of the frame was sent'));
    } else {
      this.#waiting = true;
      this.#host.failed(systemError(error, 'sendmsg'));
    }
  }

  #check(bytes: Uint8Array, fds: readonly number[]): void {
    const least = bytesNeededFor(fds.length);
    if (bytes.length < least) {
      throw new AncillaryError(
        'ERR_FD_WITHOUT_BYTES',
        `${fds.length} descriptors need at least ${least} bytes to ride on, ${bytes.length} were given; nothing was sent`,
      );
    }
    // One sendmsg checks its descriptors before it sends; of several, the first would be gone before the second fails.
    const notOpen = fds.length > MAX_FDS_PER_SENDMSG ? fds.find((fd) => !this.#table.isOpen(fd)) : undefined;
    if (notOpen !== undefined) throw systemError('EBADF', 'sendmsg', `descriptor ${notOpen} is not open`);
  }

  #closeAll(sources: readonly FdLike[]): void {
    for (const source of sources) closeSource(source, this.#table);
  }

  #forgetCopies(frame: Outgoing): void {
    const copies = this.#copies.get(frame);
    if (copies === undefined) return;
    this.#copies.delete(frame);
    OwnedFd.closeAll(copies);
  }
}
