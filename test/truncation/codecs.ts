import type { FrameCodec } from '../../packages/ancillary';

// Little codecs, only to read with: a frame is two digits, of its length after them and of its descriptors, then text.

type Reading = FrameCodec<unknown, never>;

function digits(attached: boolean, rules: Pick<Reading, 'reads' | 'descriptors'>): Reading {
  return {
    ...rules,
    measure(buffered) {
      if (buffered.length < 2) return { need: 2 };
      const [length = 0, count = 0] = Buffer.from(buffered.subarray(0, 2)).toString().split('').map(Number);
      return { length: 2 + length, fds: attached ? 'attached' : count };
    },
    decode: (frame) => frame,
    encode: () => {
      throw new Error('only to read with');
    },
  };
}

/** The text of such a frame. */
export function framed(text: string, count = 0): string {
  return `${text.length}${count}${text}`;
}

export const attachedBounded = digits(true, { reads: 'bounded' });
export const attachedGreedy = digits(true, { reads: 'greedy' });
export const counted = digits(false, {});
export const countedBounded = digits(false, { reads: 'bounded' });
export const early = digits(false, { descriptors: 'early' });
