import type { Anchor, ByteRange } from '../../packages/binding';
import type { FrameLimits } from '../../packages/stream/receive/claim-policy';
import { AHEAD, type Ownership } from './layout';
import type { Placed } from './script';

/** What one recvmsg brought, if descriptors came or were lost. Descriptors go by their names in the script. */
interface Bundle {
  readonly fds: readonly number[];
  readonly window: ByteRange;
  /** Where their message ends, as far as the receiver can know. */
  readonly reach: number;
  readonly truncated: boolean;
}

/** What a frame draws on. */
interface Claim {
  readonly fds: readonly number[];
  readonly bundles: readonly Bundle[];
  readonly truncated: boolean;
  readonly discarded: readonly string[];
}

/** What must become of a frame. */
export interface Verdict {
  readonly fds: readonly number[];
  readonly truncated: boolean;
  readonly ambiguous: boolean;
  /** The code of the error that must come instead of the frame. */
  readonly error?: string;
  /** What must be closed and reported on the way, as {@link reported} puts it. */
  readonly discarded: readonly string[];
}

/** How the rules below are to be applied. */
export interface Rules {
  readonly ownership: Ownership;
  readonly reads: 'bounded' | 'greedy';
  readonly anchor: Anchor;
  /** It is known how far messages with descriptors reach. */
  readonly looks: boolean;
  readonly limits: FrameLimits;
}

/** Descriptors that were closed, and why; nothing for none. */
export function reported(fds: readonly number[], reason: string): string[] {
  return fds.length === 0 ? [] : [`${reason} ${fds.join()}`];
}

/**
 * Whose descriptors are whose, as the documentation has it, from what recvmsg returned: definitions written down, with
 * nothing in common with the queue that they judge.
 */
export class Expected {
  readonly #rules: Rules;
  #bundles: readonly Bundle[] = [];
  /** Descriptors of the frame at the front that it may not have. */
  #surplus = 0;
  /** Where the messages reach to of which a frame got descriptors. */
  #reached = 0;
  readonly #frames: readonly Placed[];
  /** Where the messages with descriptors stand of which a byte came, as far as is known. */
  #messages: readonly ByteRange[] = [];

  /** @param frames all of which a byte was sent; the list grows */
  constructor(rules: Rules, frames: readonly Placed[]) {
    this.#rules = rules;
    this.#frames = frames;
  }

  came(window: ByteRange, reach: number, fds: readonly number[], truncated: boolean): void {
    if (fds.length === 0 && !truncated) return;
    this.#bundles = [...this.#bundles, { fds, window, reach, truncated }];
    this.#messages = [...this.#messages, { start: window.start, end: reach }];
  }

  /** Descriptors that came and that nobody got so far. */
  get left(): number[] {
    return this.#bundles.flatMap(({ fds }) => fds);
  }

  /**
   * All that was received is of one frame, which is incomplete: it may hold so many descriptors, the first that came.
   * Returns what must be closed and reported.
   */
  incomplete(): string[] {
    if (this.#inOrder) return [];
    const beyond = this.left.slice(this.#rules.limits.maxFdsPerFrame);
    this.#remove(beyond);
    this.#surplus += beyond.length;
    return reported(beyond, 'surplus');
  }

  /** A frame is taken. */
  frame(frame: Placed): Verdict {
    const older = this.#older(frame);
    const discarded = reported(older, 'surplus');
    if (older.length > 0 && this.#rules.limits.onSurplus === 'error') {
      return { fds: [], truncated: false, ambiguous: false, error: 'ERR_FD_SURPLUS', discarded };
    }
    const verdict = this.#judge(frame, this.#inOrder ? this.#nextOnes(frame) : this.#byPlace(frame));
    return { ...verdict, discarded: [...discarded, ...verdict.discarded] };
  }

  /** Windows as seen from an offset, and descriptors as `name` names them. */
  key(offset: number, name: (fd: number) => number): string {
    const bundles = this.#bundles.map(({ window: { start, end }, reach, fds, truncated }) => {
      const marks = `${truncated ? '!' : ''}${reach - end}`;
      return `${start - offset}~${end - offset}${marks}:${fds.map(name).join('+')}`;
    });
    const messages = this.#messages
      .filter(({ end }) => end > offset)
      .map(({ start, end }) => `${start - offset}~${end - offset}`);
    const marks = this.#rules.looks ? messages.join() : Math.max(0, this.#reached - offset);
    return `${this.#surplus} ${marks} ${bundles.join()}`;
  }

  /** What surely came too long before a frame to be anybody's. */
  #older({ range }: Placed): number[] {
    if (this.#rules.ownership !== 'ahead') return [];
    const fds = this.#bundles
      .filter(({ window }) => this.#anchorOf(window) < range.start - AHEAD)
      .flatMap((bundle) => bundle.fds);
    this.#remove(fds);
    return fds;
  }

  /** Its own are those whose anchor byte lies in it; where reads are large, the last one that their message is known to have. */
  #byPlace({ range }: Placed): Claim {
    const { looks, reads } = this.#rules;
    const bundles = this.#bundles.filter(({ window, reach }) => {
      const anchor = looks && reads === 'greedy' ? reach - 1 : this.#anchorOf(window);
      return anchor >= range.start && anchor < range.end;
    });
    this.#bundles = this.#bundles.filter((bundle) => !bundles.includes(bundle));
    const fds = bundles.flatMap((bundle) => bundle.fds);
    return { fds, bundles, truncated: bundles.some(({ truncated }) => truncated), discarded: [] };
  }

  /**
   * Its own are the next ones in order, of those that came with a byte in front of its end. Nothing can be counted off
   * behind the first loss; what is anchored there belongs to nobody, which is settled when the loss is the next in order.
   */
  #nextOnes({ range, count }: Placed): Claim {
    const loss = this.#bundles.findIndex(({ truncated }) => truncated);
    const countable = loss === -1 ? this.#bundles : this.#bundles.slice(0, loss + 1);
    const inTime = countable.filter(({ window }) => window.start < range.end);
    const fds = inTime.flatMap((bundle) => bundle.fds).slice(0, count);
    const bundles = inTime.filter((bundle) => bundle.fds.some((fd) => fds.includes(fd)));
    const truncated = fds.length < count && inTime.some((bundle) => bundle.truncated);
    this.#remove(fds);

    const [next, ...others] = this.#bundles;
    const behind = next?.truncated ? others.filter(({ window }) => this.#anchorOf(window) < range.end) : [];
    const nobodys = behind.flatMap((bundle) => bundle.fds);
    this.#remove(nobodys);
    return { fds, bundles, truncated, discarded: reported(nobodys, 'truncated') };
  }

  #judge({ range, count }: Placed, { fds, bundles, truncated, discarded }: Claim): Verdict {
    const { ownership, limits } = this.#rules;
    // A count says whose they are; by place or order, they may be of any frame that their message has bytes of.
    const guess = ownership === 'attached' || (this.#inOrder && count > 0);
    const reach = Math.max(0, ...bundles.map((bundle) => bundle.reach));
    const ambiguous = this.#rules.looks
      ? this.#isShared(range)
      : guess && (reach > range.end || this.#reached > range.start);
    this.#reached = Math.max(this.#reached, reach);
    const verdict = { fds, truncated, ambiguous, discarded };
    const failed = (error: string, reason: string): Verdict => {
      return { ...verdict, error, discarded: [...discarded, ...reported(fds, reason)] };
    };
    if (truncated && limits.onTruncated === 'error') return failed('ERR_FD_TRUNCATED', 'truncated');
    const came = fds.length + this.#surplus;
    this.#surplus = 0;
    if (ownership !== 'attached' && came < count && !truncated) return failed('ERR_FD_MISSING', 'missing');
    const allowed = ownership === 'attached' ? limits.maxFdsPerFrame : Math.min(count, limits.maxFdsPerFrame);
    if (fds.length > allowed && limits.onSurplus === 'error') return failed('ERR_FD_SURPLUS', 'surplus');
    const surplus = reported(fds.slice(allowed), 'surplus');
    return { ...verdict, fds: fds.slice(0, allowed), discarded: [...discarded, ...surplus] };
  }

  #remove(fds: readonly number[]): void {
    if (fds.length === 0) return;
    const rest = this.#bundles.map((bundle) => ({ ...bundle, fds: bundle.fds.filter((fd) => !fds.includes(fd)) }));
    this.#bundles = rest.filter((bundle) => bundle.fds.length > 0 || bundle.truncated);
  }

  #anchorOf({ start, end }: ByteRange): number {
    return this.#rules.anchor === 'last-byte' ? end - 1 : start;
  }

  /** Whether a message with descriptors has bytes of the frame and of another one. */
  #isShared(frame: ByteRange): boolean {
    const overlap = (a: ByteRange, b: ByteRange): boolean => a.start < b.end && b.start < a.end;
    return this.#messages
      .filter((message) => overlap(message, frame))
      .some(
        (message) => message.end > frame.end || this.#frames.filter(({ range }) => overlap(message, range)).length > 1,
      );
  }

  get #inOrder(): boolean {
    return this.#rules.ownership === 'early' || this.#rules.ownership === 'ahead';
  }
}
