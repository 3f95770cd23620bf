import fc from 'fast-check';
import type { ByteRange } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { bytesNeededFor } from '../../packages/stream/send/send-queue';
import { Pool } from './pool';

/** A frame to be sent: how long, and with which of the pool. */
export interface Shape {
  readonly length: number;
  readonly fds: readonly number[];
}

/** A frame with its place in the stream. */
export interface Placed {
  readonly bytes: Buffer;
  readonly fds: readonly number[];
  readonly range: ByteRange;
}

/** All that is sent over one socket. */
export interface Traffic {
  readonly frames: readonly Placed[];
  readonly stream: Buffer;
}

/** How frames look on the wire: a length and a count before the payload, a length alone, or the payload alone. */
export type Layout = 'counted' | 'attached' | 'plain';

export const counted = lengthPrefixed();
export const attached = lengthPrefixed({ countBytes: 0 });

const MOST_BYTES = 1 << 20;

// Mostly small, so that many cases stay quick; a few as long as a socket's buffer and longer.
const lengths = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 64 }) },
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 500_000, max: MOST_BYTES }) },
);

const descriptorCounts = fc.oneof(
  { weight: 45, arbitrary: fc.constant(0) },
  { weight: 40, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 12, arbitrary: fc.integer({ min: 4, max: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: 252, max: 255 }) },
  { weight: 1, arbitrary: fc.integer({ min: 256, max: 700 }) },
);

const shapes = fc
  .record({ length: lengths, count: descriptorCounts, first: fc.nat(Pool.size - 1), step: fc.nat(5) })
  .map(({ length, count, first, step }): Shape => ({
    length: Math.max(length, bytesNeededFor(count)),
    fds: Array.from({ length: count }, (_, index) => (first + index * step) % Pool.size),
  }));

/** Bytes that repeat nowhere, so that no two places of a stream look alike. */
const noise = Buffer.alloc(4 * MOST_BYTES);
const random = randomNumbers(1);
for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE(random(0, 0xffff_ffff), at);

export function traffic(layout: Layout, { maxFrames = 12 } = {}): fc.Arbitrary<Traffic> {
  return fc.array(shapes, { minLength: 1, maxLength: maxFrames }).map((list) => {
    const frames: Placed[] = [];
    let start = 0;
    for (const { length, fds } of list) {
      const from = (start * 31) % (noise.length - length);
      const payload = noise.subarray(from, from + length);
      const bytes = layout === 'plain' ? payload : onTheWire(layout, payload, fds);
      frames.push({ bytes, fds, range: { start, end: start + bytes.length } });
      start += bytes.length;
    }
    return {
      frames,
      stream: Buffer.concat(frames.map(({ bytes }) => bytes)),
      // For the report of a failure: sizes say all, and the bytes themselves would fill pages.
      [fc.toStringMethod]: () => frames.map(({ bytes, fds }) => `${bytes.length} bytes + ${fds.length} fds`).join(', '),
    };
  });
}

function onTheWire(layout: 'counted' | 'attached', payload: Buffer, fds: readonly number[]): Buffer {
  const { bytes } = (layout === 'counted' ? counted : attached).encode({ bytes: payload, fds: [...fds] });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Integers from `least` to `most`, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (least: number, most: number) => number {
  let state = seed | 0;
  return (least, most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    return least + Math.floor(fraction * (most - least + 1));
  };
}
