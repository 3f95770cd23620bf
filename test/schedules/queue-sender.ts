import type { SendPart } from '../../packages/binding';
import { MAX_FDS_PER_SENDMSG, type OutgoingFrame, SendQueue } from '../../packages/stream/send/send-queue';
import type { Choose } from './choose';
import { same } from './same';
import type { Placed, Script } from './script';
import type { Sender, Told } from './sender';
import type { SendingEnd } from './sending-end';

interface QueuedFrame extends OutgoingFrame {
  readonly placed: Placed;
}

/** Sends by SendQueue, while the kernel takes as little as it likes of what is planned, or nothing. */
export class QueueSender implements Sender {
  readonly #script: Script;
  readonly #end: SendingEnd;
  readonly #queue = new SendQueue<QueuedFrame>();
  readonly #frames: QueuedFrame[] = [];
  /** Offset in the stream of the next byte to be sent. */
  #at = 0;
  #refused = false;

  constructor(script: Script, end: SendingEnd) {
    this.#script = script;
    this.#end = end;
  }

  get done(): boolean {
    return this.#script.left === 0 && this.#queue.length === 0;
  }

  get sentFds(): number {
    return this.#script.fdCount;
  }

  step(choose: Choose): Told | undefined {
    const moves: (() => Told | undefined)[] = [];
    if (this.#script.left > 0) moves.push(() => this.#push(choose));
    if (this.#queue.length > 0) moves.push(() => this.#flush(choose));
    return moves[choose(moves.length)]?.();
  }

  key(): string {
    const queued = this.#frames.map(({ sent, bytes, fds }) => `${sent}.${bytes.length}.${fds.length}`);
    return `${this.#script.left} ${queued.join()} ${this.#refused ? 'refused' : ''}`;
  }

  #push(choose: Choose): Told | undefined {
    const placed = this.#script.begin(choose);
    if (placed === undefined) return undefined;
    const { bytes, firstFd, count } = placed;
    const fds = this.#end.open(Array.from({ length: count }, (_, index) => firstFd + index));
    const frame = { bytes, fds, sent: 0, placed };
    this.#frames.push(frame);
    this.#queue.push(frame);
    return () => `send() of ${bytes.length} bytes and ${count} descriptors`;
  }

  #flush(choose: Choose): Told {
    const parts = this.#queue.plan();
    const messages = choose(2) === 0 ? parts : joined(parts);
    const total = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    // What the kernel refused once it may refuse again, but nothing new comes of that.
    const least = this.#refused ? 1 : 0;
    const accepted = least + choose(total - least + 1);
    this.#refused = accepted === 0;
    let left = accepted;
    for (const { bytes, fds } of messages) {
      if (left === 0) break;
      const taken = Math.min(left, bytes.length);
      this.#check(bytes.length, fds);
      same('bytes that the kernel took', this.#end.sendmsg(bytes.subarray(0, taken), fds), taken);
      this.#at += taken;
      left -= taken;
    }
    for (const frame of this.#queue.accept(accepted)) {
      same('the frame that is complete', frame, this.#frames.shift());
      this.#end.close(frame.fds);
    }
    return () => `${messages.length} times sendmsg, ${total} bytes in all: ${accepted}`;
  }

  /** A message with descriptors has bytes of one frame only, and group i of its descriptors rides on byte i. */
  #check(length: number, fds: readonly number[]): void {
    if (fds.length === 0) return;
    const frame = this.#frames.find(({ placed: { range } }) => range.start <= this.#at && this.#at < range.end);
    const start = frame?.placed.range.start ?? NaN;
    const group = (this.#at - start) * MAX_FDS_PER_SENDMSG;
    same('the descriptors of a message', fds, frame?.fds.slice(group, group + MAX_FDS_PER_SENDMSG));
    same('whether a message ends in its frame', this.#at + length <= (frame?.placed.range.end ?? 0), true);
  }
}

/** As the native binding sends them: plain neighbours share a system call. */
function joined(parts: readonly SendPart[]): SendPart[] {
  const messages: SendPart[] = [];
  for (const part of parts) {
    const last = messages.at(-1);
    if (last === undefined || last.fds.length > 0 || part.fds.length > 0) messages.push(part);
    else messages.splice(-1, 1, { bytes: Buffer.concat([last.bytes, part.bytes]), fds: [] });
  }
  return messages;
}
