import {
  AncillaryError,
  type OwnedFd,
  type ReadEnd,
  type Segment,
  type SegmentReceiver,
  type SocketHandle,
  systemError,
} from '../../binding';
import type { FdFrame } from '../frame';
import type { Watcher } from '../limits/deadlines/deadline';
import type { FrameTimeout } from '../limits/deadlines/options';
import type { ConnectionQuota } from '../limits/quota';
import { SCM_MAX_FD } from '../limits/scm-max-fd';
import { TurnShare } from '../limits/turn-share';
import { turns } from '../limits/turns';
import type { SocketStats } from '../stats';
import { Allowance } from './allowance';
import type { KeptSegment } from './bundle';
import type { FrameLimits } from './claim-policy';
import { type Consumer, type Demand, NO_DEMAND, readAlready } from './consumer';
import type { Discarder } from './discard';
import { FrameDeadline, isTimed } from './frame-deadline';
import type { ReceiveQueue } from './receive-queue';
import { withoutFds } from './without-fds';

/** All limits on receiving; see FdSocketOptions. */
export interface ReceiveLimits extends FrameLimits {
  readonly receiveFds: boolean;
  readonly highWaterMark: number;
}

/** What the receiving half needs of the socket it belongs to. */
export interface InboxOwner {
  /** How long a frame may take to come whole, and where that is watched. */
  readonly frameTimeout: FrameTimeout | undefined;
  readonly deadlines: Watcher;
  /** The kernel reported the end of the stream, which may lie behind what is queued. */
  peerEnded(): void;
  /** No consumer reads any more. */
  readingStopped(): void;
  /** A consumer reached the end of the stream. */
  endReached(): void;
  /** Puts what was handed out as bytes, and nobody read, back in front of the queue. */
  handBack(): void;
  /** The stream is broken, or a consumer refuses it. */
  failed(error: Error): void;
}

/**
 * The receiving half of a socket: holds what came and nobody took yet, lets one consumer at a time take it, and has the
 * kernel read from as far as that consumer's limits allow. Until there is a consumer nothing is read at all.
 */
export class Inbox implements SegmentReceiver {
  /** What came and nobody took yet. */
  readonly queue: ReceiveQueue<OwnedFd>;
  readonly limits: ReceiveLimits;
  readonly discarder: Discarder;
  readonly owner: InboxOwner;
  /** Where the frame began that a codec was shown last, before it was taken. */
  shownAt: number | undefined;
  /** What reads for good: its consumers bear this name. */
  #takenOverBy: string | undefined;
  readonly #handle: SocketHandle;
  readonly #stats: SocketStats;
  #consumer: Consumer | undefined;
  #end: 'eof' | Error | undefined;
  #sendingFailure: Error | undefined;
  #destroyed: { readonly error: Error | undefined } | undefined;
  #held = false;
  readonly #allowance: Allowance;
  readonly #turn = new TurnShare(() => {
    if (this.#destroyed === undefined) this.#advance();
  });
  #quota: ConnectionQuota | undefined;
  /** Of the frame in hand; made when one does not come whole first. */
  #deadline: FrameDeadline | undefined;

  constructor(
    handle: SocketHandle,
    queue: ReceiveQueue<OwnedFd>,
    limits: ReceiveLimits,
    discarder: Discarder,
    stats: SocketStats,
    owner: InboxOwner,
  ) {
    this.#handle = handle;
    this.#allowance = new Allowance(handle);
    this.queue = queue;
    this.limits = limits;
    this.discarder = discarder;
    this.#stats = stats;
    this.owner = owner;
  }

  /** Set once the kernel said that nothing follows what is queued: that the stream ends there, or what it fails with. */
  get end(): 'eof' | Error | undefined {
    return this.#end === undefined ? undefined : (this.#sendingFailure ?? this.#end);
  }

  /** Why nothing can be sent any more, and what comes in place of the end of the stream. */
  set sendingFailure(error: Error) {
    this.#sendingFailure = error;
  }

  /** Set once the socket is destroyed, with the error if there was one. */
  get destroyed(): { readonly error: Error | undefined } | undefined {
    return this.#destroyed;
  }

  /** The one that reads now. */
  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  /** Nobody reads, and nothing that was read waits. */
  get idle(): boolean {
    return this.#consumer === undefined && this.queue.length === 0;
  }

  /** What comes from now on is counted there, and nothing is read while that is too much. */
  countBy(quota: ConnectionQuota): void {
    this.#quota = quota;
    quota.onChange(() => this.updateAllowance());
  }

  /** Nobody reads, and everybody may begin to. */
  get free(): boolean {
    return this.#consumer === undefined && this.#takenOverBy === undefined;
  }

  /** Makes a consumer the one that reads. @throws ERR_FD_MODE while another one is, or where it was taken over */
  claim(consumer: Consumer): void {
    if (this.#consumer === consumer) return;
    this.requireNotTakenOver(consumer.name, true);
    if (this.#consumer !== undefined) {
      throw new AncillaryError('ERR_FD_MODE', readAlready(this.#consumer, consumer.name));
    }
    this.#consumer = consumer;
  }

  /**
   * @param by who would read
   * @param orByIt whether who took it over may
   * @throws ERR_FD_MODE
   */
  requireNotTakenOver(by: string, orByIt = false): void {
    const taker = this.#takenOverBy;
    if (taker === undefined || (orByIt && taker === by)) return;
    const message = `the socket was taken over by ${taker}, which reads all of it: use another socket for ${by}`;
    throw new AncillaryError('ERR_FD_MODE', message);
  }

  /**
   * From now on only consumers of this name can begin to read. One that reads bytes, and whose user has left, does no more;
   * another goes on until it is left.
   * @throws ERR_FD_MODE where it was taken over, or bytes cannot become frames
   */
  takeOver(by: string): void {
    this.requireNotTakenOver(by);
    this.#leave();
    if (this.#consumer === undefined) this.owner.handBack();
    this.#takenOverBy = by;
  }

  /**
   * Makes a consumer of frames the one that reads, which may follow on bytes. @throws ERR_FD_MODE while another one is
   */
  claimFrames(consumer: Consumer): void {
    this.#leave();
    this.claim(consumer);
    try {
      this.owner.handBack();
    } catch (error) {
      this.#consumer = undefined;
      throw error;
    }
  }

  #leave(): void {
    if (this.#consumer?.leave?.() !== true) return;
    this.#consumer = undefined;
    // What is read next may not be more than the new one wants, which it has yet to say.
    this.#allowance.withdraw();
  }

  /** Ends a consumer's turn. What it did not take stays for the next one. */
  release(consumer: Consumer): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.queue.shareReserved();
    this.updateAllowance();
    this.owner.readingStopped();
  }

  deliver(segments: readonly Segment[], end: ReadEnd | undefined, ahead?: Buffer): void {
    if (end !== undefined) {
      this.#end = end === 'eof' ? end : systemError(end.error, 'recvmsg');
      if (end === 'eof') this.owner.peerEnded();
    }
    const taken = this.#keep(segments);
    this.#count(segments);
    try {
      if (this.#consumer?.takeDirectly?.(taken) !== true) this.#enqueue(taken);
      if (ahead !== undefined) this.queue.ahead = ahead;
    } finally {
      this.#advance();
    }
  }

  #count(segments: readonly Segment[]): void {
    let byteCount = 0;
    let fdCount = 0;
    for (const { bytes, fds } of segments) {
      byteCount += bytes.length;
      fdCount += fds.length;
    }
    this.#allowance.spend(byteCount, fdCount);
    this.#stats.received(segments, byteCount, fdCount);
  }

  /** Closes what the socket does not take, and what the peer's user may not hold, as the kernel does with what finds no room. */
  #keep(segments: readonly Segment[]): readonly KeptSegment[] {
    const quota = this.#quota;
    if (!this.limits.receiveFds) return withoutFds(segments, this.queue.end, this.discarder);
    if (quota === undefined) return segments;
    // Mostly none is refused, and nothing is made.
    let refused: Set<Segment> | undefined;
    for (const segment of segments) {
      if (segment.fds.length > 0 && !quota.received(segment.fds)) (refused ??= new Set()).add(segment);
    }
    if (refused === undefined) return segments;
    let end = this.#stats.bytesRead;
    return segments.map((segment) => {
      const range = { start: end, end: end + segment.bytes.length };
      end = range.end;
      if (!refused.has(segment)) return segment;
      this.discarder.discard(segment.fds, range, 'quota');
      return { ...segment, fds: [], truncated: 'quota' };
    });
  }

  #enqueue(segments: readonly KeptSegment[]): void {
    for (const { bytes, fds, truncated, rest } of segments) this.queue.push(bytes, fds, truncated, rest);
    // The consumer has left what was there before this wake-up.
    this.queue.compact(segments.length);
  }

  /** Lets the consumer take, and reads on, also when a listener of the user's threw: so does net. */
  #advance(): void {
    try {
      this.#consumer?.advance();
    } finally {
      this.queue.waits();
      this.updateAllowance();
      this.#watchFrame();
    }
  }

  /** Lets the kernel be read as far as the consumer wants now. */
  updateAllowance(): void {
    if (this.#destroyed !== undefined) return;
    const reads = this.#reads;
    const wanted = reads ? (this.#consumer?.demand() ?? NO_DEMAND) : NO_DEMAND;
    const demand = this.#quota === undefined ? wanted : this.#within(this.#quota, wanted);
    const memory = demand.bytes > 0 ? this.#consumer?.reserve?.() : undefined;
    if (memory !== undefined) this.#handle.fill(memory);
    const { bytes } = demand;
    const look = this.limits.receiveFds ? demand.look : 'nothing';
    // What cannot be handed out now would only be held: one message more is enough.
    const fds = turns.crowded ? Math.min(demand.fds, SCM_MAX_FD) : demand.fds;
    const changed = this.#allowance.grant(bytes, fds, look);
    const waits = changed && bytes === 0 && reads && this.#consumer !== undefined;
    if (waits) this.#stats.waits(wanted.bytes > 0 ? 'quota' : 'consumer');
  }

  /** Whether anything is to be read, if the consumer wants it. */
  get #reads(): boolean {
    return this.#end === undefined && !this.#held && !this.#turn.waits;
  }

  #within(quota: ConnectionQuota, demand: Demand): Demand {
    this.#countUntaken();
    if (demand.bytes === 0) {
      quota.stopped();
      return demand;
    }
    const fds = quota.mayRead(demand.fds);
    if (fds === demand.fds) return demand;
    return fds === 0 ? NO_DEMAND : { ...demand, fds };
  }

  /** Stops reading, whatever the consumer wants, or lets it go on. */
  hold(held: boolean): void {
    this.#held = held;
    this.updateAllowance();
    this.#watchFrame();
  }

  /** A consumer waits for more: reading goes on if it had paused. */
  resumeReading(): void {
    this.#countUntaken();
    if (this.#allowance.isUsedUp) this.updateAllowance();
    this.#watchFrame();
  }

  /** A consumer took something that was there: if reading had paused, it goes on once half of what may wait is gone. */
  tookSome(): void {
    if (this.#quota !== undefined) this.#countUntaken();
    if (this.#allowance.isUsedUp) this.#goOnAtHalf();
  }

  #goOnAtHalf(): void {
    const { highWaterMark, maxQueuedFds } = this.limits;
    if (2 * this.queue.length < highWaterMark && 2 * this.queue.fdCount < maxQueuedFds) this.updateAllowance();
  }

  #countUntaken(): void {
    if (this.#quota !== undefined) this.#quota.untaken = this.queue.length;
  }

  /** Counts a frame that is returned to the user. */
  frameTaken(frame: FdFrame): void {
    this.#stats.frameReceived(frame);
    this.#turn.took(frame.fds.length);
  }

  /** Whether frames may be handed out in this turn of the event loop; if not, the consumer is called in the next one. */
  hasTurn(): boolean {
    return this.#turn.mayGoOn();
  }

  /** Where the frame began that the consumer waits for, if a part of it came; undefined while it is us who have paused. */
  get awaitedAt(): number | undefined {
    return this.#reads ? this.#consumer?.awaitedAt : undefined;
  }

  #watchFrame(): void {
    const { frameTimeout, deadlines } = this.owner;
    if (frameTimeout === undefined || this.#destroyed !== undefined || !isTimed(this, frameTimeout)) return;
    this.#deadline ??= new FrameDeadline(this, frameTimeout, deadlines);
    this.#deadline.begin();
  }

  /** Closes what nobody took, and lets the consumer know. */
  destroy(error: Error | undefined): void {
    this.#destroyed = { error };
    this.#deadline?.stop();
    const range = { start: this.queue.start, end: this.queue.end };
    this.discarder.discard(this.queue.clear(), range, this.#end === 'eof' ? 'incomplete' : 'destroyed');
    this.#consumer?.socketDestroyed(error);
  }
}
