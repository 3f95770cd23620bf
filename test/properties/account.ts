import type { ByteRange, FdFrame, OwnedFd } from '../../packages/ancillary';
import { OwnedFd as Owned } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import type { Pool } from './pool';
import type { Placed, Traffic } from './traffic';

/** Checks what arrives, piece by piece, against what was sent. Closes every descriptor it is given. */
export class Account {
  readonly #traffic: Traffic;
  readonly #pool: Pool;
  #at = 0;
  #fds: string[] = [];
  /** The next frame of which the descriptors are not all in yet. */
  #frame = 0;

  constructor(traffic: Traffic, pool: Pool) {
    this.#traffic = traffic;
    this.#pool = pool;
  }

  /** How many bytes arrived. */
  get at(): number {
    return this.#at;
  }

  /** The frame at whose start the stream stands; undefined inside one and at the end. */
  get next(): Placed | undefined {
    const frame = this.#traffic.frames[this.#frame];
    return frame?.range.start === this.#at ? frame : undefined;
  }

  /** The bytes that the frame lacks inside which the stream stands; 0 between frames. */
  get missing(): number {
    const frame = this.#traffic.frames[this.#frame];
    return frame === undefined || frame.range.start === this.#at ? 0 : frame.range.end - this.#at;
  }

  /** A frame as a whole: its bytes, its place, its descriptors and no others. */
  frame(frame: FdFrame): void {
    const expected = this.next;
    if (expected === undefined) throw new Error(`no frame starts at ${this.#at}`);
    expect(frame.range).toEqual(expected.range);
    this.piece(frame);
  }

  /** Any stretch of the stream, with the descriptors that came with it. */
  piece(frame: FdFrame): void {
    this.descriptors(frame.fds, frame.range);
    this.bytes(frame.bytes, frame.range);
  }

  bytes(bytes: Buffer, range: ByteRange = { start: this.#at, end: this.#at + bytes.length }): void {
    expect(range).toEqual({ start: this.#at, end: this.#at + bytes.length });
    const expected = this.#traffic.stream.subarray(range.start, range.end);
    if (!expected.equals(bytes)) throw new Error(`bytes ${range.start} to ${range.end} are not those sent`);
    this.#at = range.end;
    this.#settleFrames();
  }

  /** Descriptors whose bytes come next; the last of these belongs to the frame that owns them. */
  descriptors(fds: readonly OwnedFd[], range: ByteRange): void {
    expect(range.start).toBe(this.#at);
    this.#fds.push(...fds.map(({ fd }) => identity(fd)));
    Owned.closeAll(fds);
  }

  /** All arrived. */
  finished(): void {
    expect(this.#at).toBe(this.#traffic.stream.length);
    expect(this.#frame).toBe(this.#traffic.frames.length);
  }

  /** Wherever the stream passes the end of a frame, exactly the descriptors of the frames up to there have come. */
  #settleFrames(): void {
    let frame = this.#traffic.frames[this.#frame];
    for (; frame !== undefined && frame.range.end <= this.#at; frame = this.#traffic.frames[++this.#frame]) {
      const expected = this.#pool.identitiesOf(frame.fds);
      const came = this.#fds.splice(0, expected.length);
      if (came.join() !== expected.join()) {
        throw new Error(
          `frame ${this.#frame} got ${came.length} descriptors, wrong ones or in the wrong order; it owns ${expected.length}`,
        );
      }
    }
    // What came beyond belongs to the frame that is still incomplete.
    const most = frame !== undefined && frame.range.start < this.#at ? frame.fds.length : 0;
    if (this.#fds.length > most) throw new Error(`${this.#fds.length - most} descriptors came too early`);
  }
}
