import type { Stretch } from '../kernel/trace';

/** What lies side by side on the ruler: a byte, a stretch of bytes that is drawn shortened, or room between two bytes. */
export interface Cell extends Stretch {
  readonly x: number;
  readonly width: number;
}

/** Something that happened at a place where there is no byte for it. */
export interface Point {
  readonly offset: number;
  /** By which it is found again. */
  readonly key: number;
  readonly width: number;
}

export interface ScaleRequest {
  /** Offsets at which something begins, ends or is, from the first to the last, each once. */
  readonly edges: readonly number[];
  readonly points: readonly Point[];
  /** Widths that some bytes need, by their offsets. */
  readonly wide: ReadonlyMap<number, number>;
}

/** A ruler may be as wide as this before anything on it is shortened. */
const COMFORTABLE_WIDTH = 1500;
/** Below this, bytes are drawn wider. */
const GOOD_WIDTH = 720;
const LEAST_BYTE_WIDTH = 24;
const LARGEST_BYTE_WIDTH = 84;
/** So many bytes are drawn one by one in any case. */
const NEVER_SHORTENED = 4;
const WIDTH_OF_DOUBLING = 12;

/**
 * Where the offsets of a stream are on paper. Between two edges every byte has a place of its own, unless there are too
 * many: then the width grows with the logarithm of their number, so that thousands of bytes do not hide the few that
 * matter.
 */
export class Scale {
  readonly bytes: Cell[] = [];
  readonly shortened: Cell[] = [];
  readonly #points = new Map<number, Cell>();
  readonly #starts = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  #width = 0;

  /** @param longest how many bytes between two edges are drawn one by one */
  constructor({ edges, points, wide }: ScaleRequest, longest: number, byteWidth: number) {
    const waiting = [...points].sort((a, b) => b.offset - a.offset || b.key - a.key);
    for (const [index, start] of edges.entries()) {
      this.#ends.set(start, this.#width);
      for (let point = waiting.at(-1); point?.offset === start; point = waiting.at(-1)) {
        this.#points.set(point.key, this.#cell(start, start, point.width));
        waiting.pop();
      }
      this.#starts.set(start, this.#width);
      const end = edges[index + 1] ?? start;
      if (end - start > longest) {
        const width = longest * byteWidth + WIDTH_OF_DOUBLING * Math.log2((end - start) / longest);
        this.shortened.push(this.#cell(start, end, width));
        continue;
      }
      for (let byte = start; byte < end; byte++) {
        this.bytes.push(this.#cell(byte, byte + 1, Math.max(byteWidth, wide.get(byte) ?? 0)));
      }
    }
  }

  get width(): number {
    return this.#width;
  }

  /** Puts a cell behind what there is. */
  #cell(start: number, end: number, width: number): Cell {
    const cell = { start, end, x: this.#width, width };
    this.#width += width;
    return cell;
  }

  /** Where a stretch that has bytes begins and ends, both of them edges. */
  span({ start, end }: Stretch): { x: number; width: number } {
    const x = known(this.#starts, start);
    return { x, width: known(this.#ends, end) - x };
  }

  point(key: number): Cell {
    return known(this.#points, key);
  }

  /** The middle of what lies between two bytes: of nothing, mostly. */
  between(offset: number): number {
    return (known(this.#starts, offset) + known(this.#ends, offset)) / 2;
  }
}

/** The scale that shortens nothing if that is not too wide. */
export function fittingScale(request: ScaleRequest): Scale {
  const count = (request.edges.at(-1) ?? 0) - (request.edges[0] ?? 0);
  if (count * LEAST_BYTE_WIDTH > COMFORTABLE_WIDTH) return new Scale(request, NEVER_SHORTENED, LEAST_BYTE_WIDTH);
  const plain = new Scale(request, Infinity, LEAST_BYTE_WIDTH);
  const spare = Math.floor((GOOD_WIDTH - plain.width) / Math.max(1, plain.bytes.length));
  if (spare <= 0) return plain;
  return new Scale(request, Infinity, Math.min(LEAST_BYTE_WIDTH + spare, LARGEST_BYTE_WIDTH));
}

function known<Value>(map: ReadonlyMap<number, Value>, offset: number): Value {
  const value = map.get(offset);
  if (value === undefined) throw new RangeError(`The scale has no place for ${offset}`);
  return value;
}
