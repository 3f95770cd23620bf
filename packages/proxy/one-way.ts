import { setImmediate } from 'node:timers';
import { describeValue, invalidType, OwnedFd } from '../binding';
import {
  asError,
  type EncodedFrame,
  FdFrame,
  type FdSocket,
  type FrameCodec,
  MAX_FDS_PER_SENDMSG,
  sendFrame,
} from '../stream';
import { ForwardError } from './forward-error';
import type { ForwardOptions, Passing, Verdict } from './forward-options';
import { otherSide, type Side } from './side';
import { Count } from './totals';

/** Descriptors that may wait to be sent before reading waits, too: those of a whole sendmsg. */
const MOST_WAITING_FDS = MAX_FDS_PER_SENDMSG;

/**
 * Frames that are passed on before the event loop turns: what the receiver answers has to be read meanwhile. libwayland's
 * server, for one, cuts off a client that does not read while it writes.
 */
const MOST_AT_ONCE = 64;

type Seen<In> = NonNullable<ForwardOptions<In>['seen']>;

/** One direction: what it reads, and where it sends that. */
export interface Way<In> {
  /** The connection that is read. */
  readonly side: Side;
  readonly from: FdSocket;
  readonly to: FdSocket;
  readonly codec: FrameCodec<In, never> | undefined;
  /** What the peer that is sent to has room for. */
  readonly fdsPerSend: number | undefined;
  readonly seen: Seen<In> | undefined;
}

/**
 * Passes on what one socket receives to another, frame by frame and in order. Each frame is a sendmsg of its own with its
 * descriptors on its first byte, so no descriptor comes later than it came here, nor with another frame's bytes.
 */
export class OneWay<In> {
  readonly count: Count;
  readonly #way: Way<In>;
  readonly #failed: (error: Error) => void;
  #waitingFds = 0;
  #atOnce = 0;
  /** Why no more frames are passed on, although the stream goes on. */
  #stopped: Error | undefined;

  /** @param failed called when something went wrong, on either side; a {@link ForwardError} where that is known */
  constructor(way: Way<In>, failed: (error: Error) => void) {
    this.count = new Count(way.to);
    this.#way = way;
    this.#failed = failed;
  }

  /** Goes on until the stream ends, and ends the other one with it, or until something fails. Rejects never. */
  async run(): Promise<void> {
    const { side, from, to, codec } = this.#way;
    try {
      await from.forEachFrame((frame) => this.#pass(frame), codec);
      to.end();
    } catch (error) {
      if (this.#stopped === undefined) this.#failed(new ForwardError(side, asError(error)));
    }
  }

  /** Passes on nothing more, since it has failed. */
  stop(reason: Error): void {
    this.#stopped ??= reason;
  }

  /** The frame is closed when this returns, or the promise settles: by then what is sent of it has left, or is duplicated. */
  #pass(frame: FdFrame): Promise<void> | undefined {
    // A decoder takes descriptors out of the frame.
    const fds = [...frame.fds];
    const close = (): void => {
      OwnedFd.closeAll(fds);
      frame.close();
    };
    let later: PromiseLike<unknown> | undefined;
    try {
      if (this.#stopped !== undefined) throw this.#stopped;
      const verdict: unknown = this.#way.seen?.(frame, this.#passing(frame, fds));
      if (!isThenable(verdict)) return this.#obey(verdict as Verdict, frame, fds);
      later = verdict;
    } catch (error) {
      throw this.#fail(asError(error));
    } finally {
      if (later === undefined) close();
    }
    return this.#obeyLater(later, frame, fds, close);
  }

  async #obeyLater(verdict: PromiseLike<unknown>, frame: FdFrame, fds: OwnedFd[], close: () => void): Promise<void> {
    let sent: Promise<void> | undefined;
    try {
      sent = this.#obey((await verdict) as Verdict, frame, fds);
    } catch (error) {
      throw this.#fail(asError(error));
    } finally {
      close();
    }
    await sent;
  }

  /** @throws TypeError for what is no verdict */
  #obey(verdict: Verdict, { bytes }: FdFrame, fds: readonly OwnedFd[]): Promise<void> | undefined {
    if (verdict === undefined) return this.#send({ bytes, fds });
    if (verdict === false) {
      this.count.refused++;
      return undefined;
    }
    const given: unknown = verdict;
    if (typeof given !== 'object' || given === null || !('bytes' in given)) {
      const shown = describeValue(given);
      throw invalidType(
        `seen() returns nothing to pass a frame on, { bytes, fds } to change it, or false, not ${shown}`,
      );
    }
    return this.#send(verdict);
  }

  /** Returns what to wait for before the next frame is read, if anything. */
  #send(frame: EncodedFrame): Promise<void> | undefined {
    const { to, fdsPerSend } = this.#way;
    const count = frame.fds?.length ?? 0;
    this.#waitingFds += count;
    const sent = to[sendFrame](frame, { signal: undefined, fdsPerSend }).then(
      () => {
        this.#waitingFds -= count;
      },
      (error: unknown) => {
        this.#waitingFds -= count;
        this.#notSent(asError(error));
      },
    );
    if (to.writableLength >= to.writableHighWaterMark || this.#waitingFds >= MOST_WAITING_FDS) return sent;
    if (++this.#atOnce < MOST_AT_ONCE) return undefined;
    this.#atOnce = 0;
    return new Promise((resolve) => void setImmediate(resolve));
  }

  /** Of a socket that failed something else tells; and otherwise it may be a changed frame that cannot be sent. */
  #notSent(error: Error): void {
    const { side, to } = this.#way;
    if (to.destroyed) return;
    this.#fail(to.writable ? error : new ForwardError(otherSide(side), error));
  }

  #fail(error: Error): Error {
    if (this.#stopped === undefined) {
      this.#stopped = error;
      this.#failed(error);
    }
    return this.#stopped;
  }

  #passing(frame: FdFrame, fds: readonly OwnedFd[]): Passing<In> {
    const { side, codec, from: read, to: other } = this.#way;
    const [from, to] = side === 'from' ? [read, other] : [other, read];
    const { bytes, range, truncated, ambiguous } = frame;
    return {
      side,
      from,
      to,
      message: () => {
        try {
          return codec?.decode(new FdFrame(bytes, [...fds], range, truncated, ambiguous)) as In;
        } catch (error) {
          throw new ForwardError(side, asError(error));
        }
      },
    };
  }
}

function isThenable(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
