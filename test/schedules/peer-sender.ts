import type { Choose } from './choose';
import type { Placed, Script } from './script';
import type { Sender, Told } from './sender';
import type { SendingEnd } from './sending-end';

/**
 * What a sender keeps to. All but the last send descriptors in the order of their frames.
 * - `'separate'`: each sendmsg lies within one frame, and carries descriptors of that frame, or none;
 * - `'own bytes'`: a sendmsg with descriptors does; plain ones may hold bytes of many frames;
 * - `'first byte'`: descriptors come with a sendmsg that begins in their frame, and may run on into others;
 * - `'last byte'`: they come with a sendmsg that ends in their frame, and may begin in others before it;
 * - `'joined'`: they come with a sendmsg that has bytes of their frame, and may begin in another one before it;
 * - `'early'`: descriptors come with a sendmsg that begins before their frame ends;
 * - `'any'`: anything, also more descriptors than the frames declare, or fewer.
 */
export type SenderRule = 'separate' | 'own bytes' | 'first byte' | 'last byte' | 'joined' | 'early' | 'any';

/** Sends as wildly as its rule allows; each message is one sendmsg. */
export class PeerSender implements Sender {
  readonly #script: Script;
  readonly #end: SendingEnd;
  readonly #rule: SenderRule;
  /** The frame that was begun last, and how many of its bytes are still to be put into messages. */
  #frame: Placed | undefined;
  #left = 0;
  /** A message that the kernel did not take yet, or not all of it. */
  #pending: { bytes: Uint8Array; fds: number[] } | undefined;
  sentFds = 0;

  constructor(script: Script, end: SendingEnd, rule: SenderRule) {
    this.#script = script;
    this.#end = end;
    this.#rule = rule;
  }

  get done(): boolean {
    return this.#script.left === 0 && this.#left === 0 && this.#pending === undefined;
  }

  step(choose: Choose, mayCarry: (fdCount: number) => boolean): Told | undefined {
    if (this.#pending === undefined && !this.#compose(choose, mayCarry)) return undefined;
    return this.#transmit();
  }

  key(): string {
    return `${this.#script.left}.${this.#left}.${this.#rule === 'any' ? 0 : this.#unsentFds}`;
  }

  get #joins(): boolean {
    return this.#rule === 'joined' || this.#rule === 'last byte';
  }

  /** Descriptors of the frames so far that were not sent; less than 0 when some ride ahead of frames to come. */
  get #unsentFds(): number {
    return this.#script.fdCount - this.sentFds;
  }

  /** Chooses the next message; false when there is none by these choices. */
  #compose(choose: Choose, mayCarry: (fdCount: number) => boolean): boolean {
    if (this.#left === 0 && !this.#begin(choose, false)) return false;
    const least = this.#leastFds;
    const count = least + choose(this.#mostFds - least + 1);
    if (!mayCarry(count)) return false;
    const fds = this.#end.open(Array.from({ length: count }, (_, index) => this.sentFds + index));
    this.sentFds += count;
    const bytes: Uint8Array[] = [];
    do bytes.push(this.#nextBytes(choose));
    while (this.#left === 0 && this.#runsOn(count) && choose(2) === 1 && this.#begin(choose, true));
    // None of a frame that is still to be begun.
    if (this.#joins && this.#unsentFds < 0) return false;
    const firstFd = this.#script.frames.at(-1)?.firstFd ?? 0;
    if (this.#rule === 'last byte' && count > 0 && this.sentFds - count < firstFd) return false;
    const [first] = bytes;
    this.#pending = { bytes: first !== undefined && bytes.length === 1 ? first : Buffer.concat(bytes), fds };
    return true;
  }

  /** Whether a message with so many descriptors may hold bytes of several frames. */
  #runsOn(count: number): boolean {
    return this.#rule !== 'separate' && (this.#rule !== 'own bytes' || count === 0);
  }

  /** @param within whether its first byte is put into a message whose descriptors are chosen already */
  #begin(choose: Choose, within: boolean): boolean {
    const fdsToCome = (this.#script.left - 1) * this.#script.mostFds;
    this.#frame = this.#script.begin(choose, ({ length, count }) => {
      if (this.#rule === 'any') return true;
      const unsent = this.#unsentFds + count;
      // Those that ride ahead must all find a frame, and a frame may not end without its own.
      return unsent + fdsToCome >= 0 && (!within || length > 1 || unsent <= 0);
    });
    this.#left = this.#frame?.length ?? 0;
    return this.#frame !== undefined;
  }

  get #leastFds(): number {
    return this.#rule === 'any' || this.#left > 1 ? 0 : Math.max(0, this.#unsentFds);
  }

  get #mostFds(): number {
    const { left, mostFds } = this.#script;
    if (this.#rule === 'any') return mostFds;
    return this.#rule === 'early' || this.#joins ? this.#unsentFds + left * mostFds : Math.max(0, this.#unsentFds);
  }

  /** Some bytes of the frame in hand; its last one only after its descriptors. */
  #nextBytes(choose: Choose): Uint8Array {
    const mayEnd = this.#rule === 'any' || this.#unsentFds <= 0;
    const length = 1 + choose(mayEnd ? this.#left : this.#left - 1);
    const bytes = this.#frame?.bytes ?? new Uint8Array(0);
    const at = bytes.length - this.#left;
    this.#left -= length;
    return bytes.subarray(at, at + length);
  }

  #transmit(): Told {
    const { bytes, fds } = this.#pending ?? { bytes: new Uint8Array(0), fds: [] };
    const taken = this.#end.sendmsg(bytes, fds);
    // They left with the first byte, however few were taken (docs/kernel.md 18).
    if (taken > 0) this.#end.close(fds);
    this.#pending = taken === bytes.length ? undefined : { bytes: bytes.subarray(taken), fds: taken > 0 ? [] : fds };
    return () => `sendmsg of ${bytes.length} bytes and ${fds.length} descriptors: ${taken}`;
  }
}
