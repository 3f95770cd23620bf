import type { FrameMeasure } from '../../packages/stream/receive/frame-measure';

/** A frame: how many bytes, and how many descriptors. */
export interface Shape {
  readonly length: number;
  readonly count: number;
}

/** How frames of some shapes look on the wire. */
export interface Layout {
  readonly shapes: readonly Shape[];
  /** The bytes of a frame at an offset of the stream; they tell what is where. */
  bytes(shape: Shape, at: number): Uint8Array;
  /** Length and number of descriptors of the frame at the front, or how many bytes it takes to tell. */
  measure(buffered: Uint8Array, scanned: number): { need: number; scanned?: number } | Shape;
}

/** The upper half of each byte is its offset in the stream (mod 16), the lower half says which shape, if anything. */
const NOTHING = 15;

/** Frames whose first byte says their length and number of descriptors; at most 15 shapes. */
export function headed(shapes: readonly Shape[]): Layout {
  return {
    shapes,
    bytes: (shape, at) => placed(shape, at, 0, shapes.indexOf(shape)),
    measure: ([first]) => (first === undefined ? { need: 1 } : shapeOf(shapes, first)),
  };
}

/** Frames whose last byte says that they end there, and their number of descriptors: each byte is a surprise. */
export function tailed(shapes: readonly Shape[]): Layout {
  return {
    shapes,
    bytes: (shape, at) => placed(shape, at, shape.length - 1, shapes.indexOf(shape)),
    measure(buffered, scanned) {
      const end = buffered.subarray(scanned).findIndex((byte) => (byte & NOTHING) !== NOTHING);
      if (end === -1) return { need: buffered.length + 1, scanned: buffered.length };
      const length = scanned + end + 1;
      return { length, count: shapeOf(shapes, buffered[length - 1] ?? 0).count };
    },
  };
}

/** Every shape of at most so many bytes and descriptors. */
export function shapesUpTo(bytes: number, descriptors: number): Shape[] {
  const shapes: Shape[] = [];
  for (let length = 1; length <= bytes; length++) {
    for (let count = 0; count <= descriptors; count++) shapes.push({ length, count });
  }
  return shapes;
}

/**
 * Whose descriptors are whose, as FrameCodec has it: a count's own, a count's in order of arrival, these as long as they came
 * at most {@link AHEAD} bytes before their frame, or by place.
 */
export type Ownership = 'own' | 'early' | 'ahead' | 'attached';

export const AHEAD = 1;

const RULES = { own: 'own', early: 'early', ahead: { ahead: AHEAD }, attached: undefined } as const;

export function codecOf(layout: Layout, ownership: Ownership, reads: 'bounded' | 'greedy'): FrameMeasure {
  return {
    reads,
    descriptors: RULES[ownership],
    measure(buffered, scanned) {
      const measured = layout.measure(buffered, scanned);
      if ('need' in measured) return measured;
      return { length: measured.length, fds: ownership === 'attached' ? 'attached' : measured.count };
    },
  };
}

function placed({ length }: Shape, at: number, telling: number, what: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    bytes[index] = (((at + index) & 15) << 4) | (index === telling ? what : NOTHING);
  }
  return bytes;
}

function shapeOf(shapes: readonly Shape[], byte: number): Shape {
  const shape = shapes[byte & NOTHING];
  if (shape === undefined) throw new Error(`no frame looks like ${byte}`);
  return shape;
}
