import {
  AncillaryError,
  counted,
  type SendPart,
  type SendResult,
  type SocketBinding,
  type SocketHandle,
  systemError,
} from '../../binding';
import { asError } from '../abort';
import { GrowingPause } from '../growing-pause';
import { Deadline, type Owed } from '../limits/deadlines/deadline';
import { deadlinesOf } from '../limits/deadlines/deadlines';
import { InFlight } from '../limits/in-flight';
import type { ConnectionQuota } from '../limits/quota';
import type { SocketStats } from '../stats';
import { microtask } from '../later';
import { lostBytes } from './lost-bytes';
import { markNotOpen } from './not-open';
import { Outgoing } from './outgoing';
import { refusalOf } from './refusal';
import { holdsFds, isLost, SendQueue } from './send-queue';

/** What bounds that is sent and waits. */
export interface SendLimits {
  readonly quota: ConnectionQuota | undefined;
  readonly maxInFlightFds: number | undefined;
  /** Milliseconds in which something of what waits must be accepted; undefined for as long as it takes. */
  readonly sendTimeout: number | undefined;
}

/**
 * Sends frames in the order in which they come, as much as the kernel takes at once, and waits with the rest. Each frame is
 * settled when it left or failed.
 */
export class Transmitter implements Owed {
  readonly #handle: SocketHandle;
  readonly #binding: SocketBinding;
  readonly #stats: SocketStats;
  readonly #quota: ConnectionQuota | undefined;
  /** Where that is limited. */
  readonly #inFlight: InFlight | undefined;
  readonly #broken: (error: Error) => void;
  readonly #queue = new SendQueue<Outgoing>();
  /** The kernel refused; {@link roomAgain} or the timer goes on. */
  #waiting = false;
  #stopWaiting: (() => void) | undefined;
  readonly #pause = new GrowingPause();
  #flushing = false;
  #onIdle: (() => void) | undefined;
  readonly #deadline: Deadline | undefined;
  /** What it waits for: an errno, such as EAGAIN, or a limit. */
  #refusal = '';

  /** @param broken called when nothing more can be sent */
  constructor(
    handle: SocketHandle,
    binding: SocketBinding,
    stats: SocketStats,
    { quota, maxInFlightFds, sendTimeout }: SendLimits,
    broken: (error: Error) => void,
  ) {
    this.#handle = handle;
    this.#binding = binding;
    this.#stats = stats;
    this.#quota = quota;
    if (maxInFlightFds !== undefined || quota?.inFlight !== undefined)
      this.#inFlight = new InFlight(handle, maxInFlightFds ?? Infinity, quota?.inFlight);
    this.#broken = broken;
    if (sendTimeout !== undefined) this.#deadline = new Deadline(sendTimeout, this, deadlinesOf(binding));
  }

  /** How far the stream has come which waits; what waits for a connection is not owed by a peer. */
  get owed(): number | undefined {
    return this.#queue.length > 0 && this.#handle.shownFd !== -1 ? this.#stats.bytesWritten : undefined;
  }

  overdue(): void {
    const waiting = this.#queue.length;
    const why = this.#refusal === 'EAGAIN' ? 'the peer does not read' : `${this.#refusal}: too much is in flight`;
    const message =
      `nothing could be sent for ${this.#deadline?.milliseconds ?? 0} ms (sendTimeout): ${why}; ` +
      `what waited, ${counted(waiting, 'frame')} with copies of descriptors, is given up`;
    this.#broken(new AncillaryError('ERR_SEND_TIMEOUT', message));
  }

  /** Whether frames wait to be sent. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** Bytes of frames that wait which the kernel accepted already. */
  get sentOfPending(): number {
    return this.#queue.front?.sent ?? 0;
  }

  /** Those frames that wait for which the condition holds. */
  filter(condition: (frame: Outgoing) => boolean): Outgoing[] {
    return this.#queue.filter(condition);
  }

  /** The newest frames that wait, so many at most. */
  last(count: number): Outgoing[] {
    return this.#queue.last(count);
  }

  /** Appends a frame, to be sent with the next {@link flush}. */
  push(frame: Outgoing): void {
    this.#queue.push(frame);
  }

  /** Sends a frame after all that wait. One that fails is settled, not thrown. */
  send(frame: Outgoing): void {
    if (this.#canPassQueue(frame)) this.#sendPastQueue(frame);
    else {
      this.#queue.push(frame);
      this.flush();
    }
  }

  /** Whether a frame with so many descriptors could leave now, since nothing waits. */
  maySendAlone(fdCount: number): boolean {
    return !this.#inUse && (fdCount === 0 || this.#inFlight?.maySend(fdCount) !== false);
  }

  /**
   * Sends a frame for which {@link maySendAlone} is true. Returns one for what the kernel did not take, if anything, which then
   * waits, or failed: most need no object of their own.
   */
  sendAlone(bytes: Uint8Array, fds: readonly number[]): Outgoing | undefined {
    let result: SendResult;
    try {
      result = this.#handle.sendParts([{ bytes, fds }]);
    } catch (error) {
      return this.#cannotSend(Outgoing.begun(bytes, fds, 0), error);
    }
    const { accepted, error } = result;
    if (error !== undefined || accepted === 0) return this.#waitWith(Outgoing.begun(bytes, fds, accepted), result);
    this.#count(accepted, fds.length);
    this.#stats.frameSent(accepted, fds.length);
    return undefined;
  }

  /** Sends until the queue is empty or the kernel refuses. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#queue.length > 0 && !this.#waiting) this.#sendSome();
    } catch (error) {
      this.#broken(asError(error));
    } finally {
      this.#flushing = false;
    }
    this.#reportIdle();
  }

  /** The kernel has room again. */
  roomAgain(): void {
    this.#waiting = false;
    this.flush();
  }

  /** Makes a frame independent of its borrowed descriptors, since it has to wait; one that cannot be is settled. */
  secure(frame: Outgoing): void {
    if (frame.settled || !holdsFds(frame)) return;
    try {
      frame.secure(this.#binding.descriptors, this.#quota);
    } catch (error) {
      this.#failAlone(frame, asError(error));
    }
  }

  /** Takes a frame back of which no byte was accepted. Returns false, and leaves it, when one was or it does not wait. */
  withdraw(frame: Outgoing): boolean {
    const withdrawn = this.#queue.withdraw(frame);
    // end() may have waited for this frame only.
    if (withdrawn) microtask(() => this.#reportIdle());
    return withdrawn;
  }

  /** Calls back, once, when everything queued has left. */
  whenIdle(callback: () => void): void {
    if (this.#queue.length === 0) callback();
    else this.#onIdle = callback;
  }

  /** Sends nothing more, and returns what waits. */
  stop(): Outgoing[] {
    this.#stopWaiting?.();
    this.#deadline?.stop();
    this.#waiting = true;
    this.#inFlight?.close();
    this.#onIdle = undefined;
    return this.#queue.clear();
  }

  /** Whether something waits, or is being sent. */
  get #inUse(): boolean {
    return this.#queue.length > 0 || this.#flushing || this.#waiting;
  }

  #canPassQueue(frame: Outgoing): boolean {
    return !this.#inUse && !isLost(frame) && frame.fds.length <= frame.fdsPerSend;
  }

  /** What the queue would do with its only frame, in less time: mostly the kernel takes all of it. */
  #sendPastQueue(frame: Outgoing): void {
    if (this.#inFlight !== undefined && frame.fds.length > 0 && !this.#inFlight.maySend(frame.fds.length)) {
      this.#queue.push(frame);
      this.#waitForReceiver();
      return;
    }
    let result: SendResult;
    try {
      result = this.#handle.sendParts([frame]);
    } catch (error) {
      this.#cannotSend(frame, error);
      return;
    }
    const { accepted } = result;
    if (accepted < frame.length) {
      frame.sent = accepted;
      this.#waitWith(frame, result);
      return;
    }
    this.#count(accepted, frame.fds.length);
    this.#sent(frame);
  }

  #cannotSend(frame: Outgoing, error: unknown): Outgoing {
    this.#queue.push(frame);
    this.#broken(asError(error));
    return frame;
  }

  /** The kernel did not take all of a frame before which nothing waited. */
  #waitWith(frame: Outgoing, { accepted, error }: SendResult): Outgoing {
    if (accepted > 0) this.#count(accepted, frame.fds.length);
    this.#queue.push(frame);
    if (error !== undefined) this.#refused(error);
    return frame;
  }

  #sendSome(): void {
    const { lost } = this.#queue;
    if (lost !== undefined) {
      this.#failAlone(lost, lostBytes());
      return;
    }
    const parts = this.#queue.plan();
    if (this.#inFlight !== undefined) cutTo(parts, this.#inFlight);
    if (parts.length === 0) {
      this.#waitForReceiver();
      return;
    }
    const { accepted, error } = this.#handle.sendParts(parts);
    const { fdsAccepted } = this.#queue;
    // The kernel takes something of whatever there is: bytes went away, or say that they are more than they are.
    if (accepted === 0 && error === undefined) throw lostBytes();
    const complete = this.#queue.accept(accepted);
    if (accepted > 0) this.#count(accepted, this.#queue.fdsAccepted - fdsAccepted);
    for (const frame of complete) this.#sent(frame);
    if (error !== undefined) this.#refused(error);
  }

  /** The kernel accepted something. */
  #count(bytes: number, fds: number): void {
    this.#pause.restart();
    if (fds > 0) this.#inFlight?.sent(fds);
    this.#stats.accepted(bytes, fds);
  }

  #sent(frame: Outgoing): void {
    this.#stats.frameSent(frame.whole, frame.fds.length);
    frame.settle();
  }

  #reportIdle(): void {
    if (this.#queue.length > 0 || this.#onIdle === undefined) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle();
  }

  #refused(error: string): void {
    const { front } = this.#queue;
    const refusal = refusalOf(error, front);
    if (refusal === 'frame' && front !== undefined) {
      this.#failAlone(front, this.#failureOf(front, error));
      return;
    }
    this.#waiting = true;
    this.#refusal = error;
    this.#deadline?.begin();
    if (refusal === 'full') {
      this.#stats.waits('room');
      this.#handle.watchWritable();
    } else if (refusal === 'later') {
      this.#stats.waits('kernel');
      this.#stopWaiting = this.#binding.after(this.#pause.next(), () => this.roomAgain());
    } else this.#broken(systemError(error, 'sendmsg'));
  }

  /** For what nothing tells: that descriptors which are in flight were received. */
  #waitForReceiver(): void {
    this.#waiting = true;
    this.#refusal = 'maxInFlightFds or quota';
    this.#deadline?.begin();
    this.#stats.waits('in-flight');
    this.#stopWaiting = this.#binding.after(this.#pause.next(), () => this.roomAgain());
  }

  #failureOf(frame: Outgoing, error: string): Error {
    const failure = (why: string): Error => systemError(error, 'sendmsg', `${why}nothing of the frame was sent`);
    const notOpen = error === 'EBADF' ? frame.fds.find((fd) => !this.#binding.descriptors.isOpen(fd)) : undefined;
    if (notOpen !== undefined) return markNotOpen(failure(`descriptor ${notOpen} is not open; `), notOpen);
    const refuses = error === 'EPERM' && frame.fds.length > 0;
    return failure(
      refuses ? 'the peer takes no descriptors (SO_PASSRIGHTS, receiveFds: false), or a security module refuses; ' : '',
    );
  }

  /** Fails one frame, whose promise says so. A stream would lack it in its middle, so its other frames go on no further. */
  #failAlone(frame: Outgoing, failure: Error): void {
    if (frame.promised && frame.sent === 0) {
      this.#queue.withdraw(frame);
      frame.settle(failure);
      return;
    }
    this.#broken(failure);
  }
}

/** Leaves of the parts those in front that may be sent now. */
function cutTo(parts: SendPart[], inFlight: InFlight): void {
  let fds = 0;
  for (const [index, part] of parts.entries()) {
    if (part.fds.length === 0) continue;
    if (!inFlight.maySend(part.fds.length, fds)) {
      parts.length = index;
      return;
    }
    fds += part.fds.length;
  }
}
