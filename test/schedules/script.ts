import type { ByteRange } from '../../packages/binding';
import type { Choose } from './choose';
import type { Layout, Shape } from './layout';

/** A frame with its place in the stream, and the first of its descriptors, which are numbered as they are sent. */
export interface Placed extends Shape {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  readonly firstFd: number;
}

/** What is sent: so many frames, each of a shape that is chosen when its first byte is sent. */
export class Script {
  readonly layout: Layout;
  readonly frames: Placed[] = [];
  /** Frames still to be begun. */
  left: number;
  /** Descriptors of the frames so far. */
  fdCount = 0;
  #end = 0;

  constructor(layout: Layout, frames: number) {
    this.layout = layout;
    this.left = frames;
  }

  /** The most descriptors that a frame may have. */
  get mostFds(): number {
    return Math.max(...this.layout.shapes.map(({ count }) => count));
  }

  /** Begins a frame of one of the shapes that are allowed; undefined when none is. */
  begin(choose: Choose, allowed: (shape: Shape) => boolean = () => true): Placed | undefined {
    const shapes = this.layout.shapes.filter(allowed);
    const shape = this.left === 0 || shapes.length === 0 ? undefined : shapes[choose(shapes.length)];
    if (shape === undefined) return undefined;
    const range = { start: this.#end, end: this.#end + shape.length };
    const { length, count } = shape;
    const frame = { length, count, range, bytes: this.layout.bytes(shape, range.start), firstFd: this.fdCount };
    this.frames.push(frame);
    this.left--;
    this.fdCount += shape.count;
    this.#end = range.end;
    return frame;
  }
}
