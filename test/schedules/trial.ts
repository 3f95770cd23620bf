import { KernelModel, type KernelName, type ModelProcess, type TraceEvent } from '../../packages/binding-model';
import type { FrameLimits } from '../../packages/stream/receive/claim-policy';
import type { Choose } from './choose';
import { Expected } from './expected';
import type { Run } from './explore';
import { InFlight } from './in-flight';
import { codecOf, type Layout, type Ownership } from './layout';
import { PeerSender, type SenderRule } from './peer-sender';
import { QueueSender } from './queue-sender';
import { ReceivingEnd, type Taken } from './receiving-end';
import { same } from './same';
import { type Placed, Script } from './script';
import type { Sender } from './sender';
import { SendingEnd } from './sending-end';

/** What is tried. */
export interface Setting {
  readonly kernel: KernelName;
  /** A peer that keeps to a rule, or our own sending side. */
  readonly sender: SenderRule | 'SendQueue';
  readonly ownership: Ownership;
  readonly reads: 'bounded' | 'greedy';
  readonly layout: Layout;
  readonly frames: number;
  readonly limits?: Partial<FrameLimits>;
  /** Descriptor numbers that may be free when a read finds too few; absent: there are always enough. */
  readonly shortages?: readonly number[];
  /** Whether frames are taken as soon as they are complete; otherwise at any time. */
  readonly prompt?: boolean;
  /**
   * Whether a message is sent only when the next read takes a byte of it; otherwise at any time. A read returns the same
   * whatever was sent behind the last byte that it takes, so the receiver is shown the same.
   */
  readonly lateSends?: boolean;
  /** Told of every call, for a picture. */
  readonly trace?: (event: TraceEvent) => void;
}

const LIMITS: FrameLimits = { maxFdsPerFrame: 253, onSurplus: 'error', onTruncated: 'mark', maxQueuedFds: 1024 };
/** Senders of which no sendmsg with descriptors has bytes of two frames. */
const KEEP_APART: readonly Setting['sender'][] = ['separate', 'own bytes', 'SendQueue'];
/** Numbers of the model's descriptors begin here, apart from real ones. */
const FIRST_FD = 2_000_000;

/** Frames sent by the rules of a sender, received in pieces, and read by the rules of a codec; all of it checked. */
export class Trial implements Run {
  readonly story: (() => string)[] = [];
  readonly #setting: Setting;
  readonly #processes: readonly [ModelProcess, ModelProcess];
  readonly #script: Script;
  readonly #inFlight = new InFlight();
  readonly #sendingEnd: SendingEnd;
  readonly #sender: Sender;
  readonly #end: ReceivingEnd;
  readonly #expected: Expected;
  readonly #limits: FrameLimits;
  readonly #exact: boolean;
  /** Descriptors of which a read said that they were lost. */
  readonly #lost: number[] = [];
  /** How many frames were taken. */
  #taken = 0;
  #failed = false;
  /** Bytes that the next read must take at least, when sends are late. */
  #mustReach = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { kernel, trace } = setting;
    const model = new KernelModel({ kernel, ...(trace && { trace }) });
    this.#processes = [model.process({ firstFd: FIRST_FD }), model.process({ firstFd: FIRST_FD })];
    const [from, to] = this.#processes;
    const [a, b] = from.socketpair('stream', to);
    this.#script = new Script(setting.layout, setting.frames);
    this.#sendingEnd = new SendingEnd(from, a, this.#inFlight);
    this.#sender =
      setting.sender === 'SendQueue'
        ? new QueueSender(this.#script, this.#sendingEnd)
        : new PeerSender(this.#script, this.#sendingEnd, setting.sender);
    this.#limits = { ...LIMITS, ...setting.limits };
    const { layout, ownership, reads } = setting;
    this.#end = new ReceivingEnd(to, b, codecOf(layout, ownership, reads), this.#limits);
    const rules = { ownership, reads, anchor: this.#end.anchor, looks: this.#looks, limits: this.#limits };
    this.#expected = new Expected(rules, this.#script.frames);
    this.#exact = isExact(setting);
  }

  get done(): boolean {
    return this.#failed || (this.#sender.done && this.#inFlight.length === 0 && this.#front === undefined);
  }

  key(): string {
    if (this.#failed) return 'failed';
    // Names as seen from the first descriptor that may still be awaited.
    const first = this.#front?.firstFd ?? this.#script.fdCount;
    const base = this.#exact ? first : Math.min(this.#sender.sentFds, ...this.#expected.left);
    const name = (fd: number): number => fd - base;
    const { start, end } = this.#end.queue;
    return [
      this.#sender.key(),
      this.#script.frames.slice(this.#taken).map(({ length, count }) => `${length}${count}`),
      this.#inFlight.key(name, this.#setting.lateSends ?? false),
      end - start,
      this.#expected.key(start, name),
      this.#end.seen,
      this.#mustReach,
      this.#lost
        .map(name)
        .filter((fd) => this.#setting.ownership === 'early' || this.#setting.ownership === 'ahead' || fd >= 0),
    ].join('|');
  }

  step(choose: Choose): boolean {
    const moves: ((choose: Choose) => boolean)[] = [];
    if (this.#canTake && this.#mustReach === 0) moves.push(() => this.#take());
    if (this.#mostToRead > 0) moves.push((each) => this.#read(each));
    if (!this.#sender.done) moves.push((each) => this.#send(each));
    return moves[choose(moves.length)]?.(choose) ?? false;
  }

  end(): void {
    const finished = this.done && !this.#failed;
    const left = this.#expected.left;
    same('what is left in the queue', this.#end.destroy(), left);
    this.#sendingEnd.destroy();
    for (const process of this.#processes) same('open descriptors', process.descriptors(), []);
    same('files that are still open', this.#sendingEnd.held, 0);
    if (finished && this.#exact && this.#lost.length === 0) same('descriptors of no frame', left, []);
  }

  /** The frame to be taken next, if its first byte was sent. */
  get #front(): Placed | undefined {
    return this.#script.frames[this.#taken];
  }

  get #canTake(): boolean {
    return this.#end.reader.missing() === 0;
  }

  /** How many bytes the next read may ask for, of those that it would get; 0 when there are none, or none are wanted. */
  get #mostToRead(): number {
    const wanted = this.#setting.reads === 'greedy' ? Infinity : this.#end.reader.missing();
    return Math.min(this.#inFlight.atOnce(this.#end.anchor), this.#end.most, wanted);
  }

  #send(choose: Choose): boolean {
    const waiting = this.#inFlight.length;
    const mayCarry = (fdCount: number): boolean => !this.#setting.lateSends || this.#willReach(fdCount);
    const told = this.#sender.step(choose, mayCarry);
    if (told === undefined) return false;
    this.story.push(told);
    if (this.#setting.lateSends) this.#mustReach = waiting + 1;
    return true;
  }

  /** Whether one read can take all that waits, and a byte of a message with so many descriptors that is sent now. */
  #willReach(fdCount: number): boolean {
    if (this.#setting.reads === 'bounded' && this.#end.reader.missing() <= this.#inFlight.length) return false;
    if (this.#end.anchor === 'last-byte') return this.#inFlight.fdCount === 0;
    return fdCount === 0 || this.#inFlight.length === 0;
  }

  #read(choose: Choose): boolean {
    const shown = this.#end.look();
    if (shown !== undefined) {
      this.story.push(() => `a peek shows ${shown}`);
      return true;
    }
    const least = Math.max(1, this.#mustReach);
    const most = this.#mostToRead;
    if (most < least) return false;
    const length = least + choose(most - least + 1);
    // Of all sizes with the same result, the largest.
    const size = length === most && this.#setting.reads === 'greedy' && !this.#looks ? this.#inFlight.length : length;
    const { shortages = [] } = this.#setting;
    const numbers = [Infinity, ...shortages][choose(1 + shortages.length)];
    const came = this.#end.read(size, numbers);
    this.story.push(
      () => `recvmsg of ${size} bytes: ${came.length}, ${named(came.fds)}${came.truncated ? ', truncated' : ''}`,
    );
    same('the length of what was received', came.length, length);
    const { start, end } = this.#end.queue;
    const reach = this.#looks ? this.#inFlight.endOf(end - 1) : end;
    const passed = this.#inFlight.take(length);
    this.#lost.push(...passed.filter((fd) => !came.fds.includes(fd)));
    same('the bytes received and not taken', end - start, this.#inFlight.read - start);
    this.#expected.came({ start: end - length, end }, reach, came.fds, came.truncated);
    this.#mustReach = 0;
    this.#checkIncomplete();
    while (this.#setting.prompt && !this.#failed && this.#canTake) this.#take();
    // A shortage that is none shows nothing new.
    return numbers === Infinity || came.truncated;
  }

  #checkIncomplete(): void {
    const incomplete = this.#end.reader.missing() > 0;
    same('discarded', this.#end.discarded(), incomplete ? this.#expected.incomplete() : []);
  }

  #take(): boolean {
    const placed = this.#front;
    if (placed === undefined) throw new Error('the reader finds a frame that was not sent');
    const verdict = this.#expected.frame(placed);
    try {
      const taken = this.#end.take();
      this.story.push(
        () => `frame of ${placed.length} bytes and ${placed.count} descriptors: ${named(taken?.fds ?? [])}`,
      );
      if (taken === undefined) throw new Error('a complete frame is not handed out');
      same('the error', undefined, verdict.error);
      same('the range', taken.frame.range, placed.range);
      same('the bytes', [...taken.frame.bytes], [...placed.bytes]);
      same('the descriptors', taken.fds, verdict.fds);
      same('truncated', taken.frame.truncated, verdict.truncated);
      same('ambiguous', taken.frame.ambiguous, verdict.ambiguous);
      if (this.#exact) this.#checkExact(placed, taken.fds, taken.frame.truncated);
      this.#checkMarks(placed, taken);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
      this.story.push(() => `frame of ${placed.length} bytes and ${placed.count} descriptors: ${String(error.code)}`);
      same('the error', error.code, verdict.error);
      if (this.#exact && this.#lost.length === 0) throw error;
      this.#failed = true;
    }
    same('discarded', this.#end.discarded(), verdict.discarded);
    this.#taken++;
    if (!this.#failed) this.#checkIncomplete();
    return true;
  }

  /** By place, whatever the rules say: no frame has another's, or lacks its own, without a mark; none is marked for nothing. */
  #checkMarks({ firstFd, count }: Placed, { fds, frame }: Taken): void {
    const { sender } = this.#setting;
    if (!this.#looks || sender === 'any' || sender === 'early') return;
    const own = fds.length === count && fds.every((fd, index) => fd === firstFd + index);
    if (!own && !frame.truncated) same('ambiguous, since the descriptors are not its own', frame.ambiguous, true);
    if (KEEP_APART.includes(sender)) same('ambiguous, though the sender keeps frames apart', frame.ambiguous, false);
  }

  /** Whether it is known how far a message with descriptors reaches. */
  get #looks(): boolean {
    return this.#setting.ownership === 'attached' && this.#end.anchor === 'last-byte';
  }

  /** The frame has its own descriptors, whatever the rules say; those that were lost are missing, and it says so. */
  #checkExact({ firstFd, count }: Placed, fds: readonly number[], truncated: boolean): void {
    const all = Array.from({ length: count }, (_, index) => firstFd + index);
    // Nothing can be counted off behind a loss.
    const firstLost = this.#setting.ownership === 'early' ? Math.min(...this.#lost) : Infinity;
    const own = all.filter((fd) => fd < firstLost && !this.#lost.includes(fd));
    same('its own descriptors', fds, own.slice(0, this.#limits.maxFdsPerFrame));
    same('truncated, since some were lost', truncated, own.length < count);
  }
}

/** Whether every frame gets its own descriptors from such a sender, when it is read so. */
function isExact({ kernel, sender, ownership, reads }: Setting): boolean {
  if (sender === 'any') return false;
  if (ownership === 'early') return true;
  if (sender === 'early' || sender === 'joined') return false;
  // Where it is seen how far messages reach, the last frame gets them.
  if (sender === 'last byte') return reads === 'greedy' && ownership === 'attached' && kernel === 'linux';
  return reads === 'bounded' || sender !== 'first byte';
}

function named(fds: readonly number[]): string {
  return fds.length === 0 ? 'no descriptors' : `descriptors ${fds.join()}`;
}
