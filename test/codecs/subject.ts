import type { CodecFactory, FrameCodec } from '../../packages/stream';
import { randomNumbers } from '../properties/traffic';
import type { SenderRule } from './sendmsgs';

/** Integers from `least` to `most`. */
export type Random = ReturnType<typeof randomNumbers>;

/** A frame as a peer sends it, and how many descriptors are its own. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly fds: number;
}

/** A codec that is tried on the model, and what its peers send. */
export interface Subject {
  readonly name: string;
  /** With bounds so small that what breaks them is soon sent. A new one for each connection. */
  codec(): FrameCodec<unknown, never> | CodecFactory<unknown, never>;
  /** The frames of one connection, one after the other: what they remember of those before is theirs. */
  frames(random: Random): () => Frame;
  /** The beginning of a frame that says what nobody should believe: a length, a count, an object. */
  hostile(random: Random): Uint8Array;
  /** Whose frames are read exactly: see {@link SenderRule}. */
  readonly senders: readonly [SenderRule, ...SenderRule[]];
  /** No frame that is read is longer than that. */
  readonly longest: number;
}

/** One of several. */
export function oneOf<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[random(0, choices.length - 1)] ?? choices[0];
}

/** Mostly short, sometimes as long as allowed. */
export function someLength(random: Random, most: number): number {
  return oneOf(random, [0, random(0, 8), random(0, Math.min(most, 100)), random(0, most), most]);
}

/** Mostly none or few. */
export function someFds(random: Random, most: number): number {
  return Math.min(most, oneOf(random, [0, 0, 0, 1, 1, 2, random(0, 8), random(0, most)]));
}

const NOISE = Buffer.alloc(128 * 1024);
const anything = randomNumbers(1);
for (let at = 0; at < NOISE.length; at++) NOISE[at] = anything(0, 255);

/** Bytes at random, up to 64 KiB. */
export function noise(random: Random, length: number): Buffer {
  const start = random(0, NOISE.length - length);
  return NOISE.subarray(start, start + length);
}
