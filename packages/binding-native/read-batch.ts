import { markAsUntransferable } from 'node:worker_threads';
import { BufferView, OwnedFd, type ReadEnd, type Segment } from '../binding';
import { addon } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { failure } from './native-failure';

const NUMBERS_PER_SEGMENT = 4;
const END_OF_FILE = 1;
/** The marks of a segment: see SegmentRecord in native/receive_pump.h. */
const TRUNCATED = 1;
const SHOWN = 2;
const REST_SHIFT = 2;

/** What is read into, and what it is a view of: to look that up takes longer than to make a view. */
export class ReadMemory {
  readonly bytes: Buffer;
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** How many bytes fit in before it is full, and is not read into any more. */
  room: number;

  constructor(bytes: Buffer, room = Infinity) {
    this.bytes = bytes;
    this.room = room;
    this.buffer = bytes.buffer;
    this.offset = bytes.byteOffset;
  }
}

let lastSlab = new ReadMemory(Buffer.alloc(0));

/** The addon's own memory, which all sockets share. */
export function slabOf(bytes: Buffer): ReadMemory {
  if (bytes !== lastSlab.bytes) {
    lastSlab = new ReadMemory(bytes);
    // Segments of many sockets lie in it: posting one with its memory to a worker would empty the others.
    markAsUntransferable(lastSlab.buffer);
  }
  return lastSlab;
}

/** A copy of the bytes that the last of so many segments shows: they are still in the kernel's queue. */
export function shownBytes({ buffer, offset }: ReadMemory, count: number): Buffer | undefined {
  const { readSegments } = addon;
  const at = (count - 1) * NUMBERS_PER_SEGMENT;
  if (count === 0 || readSegments[at + 3] !== SHOWN) return undefined;
  return Buffer.from(new BufferView(buffer, offset + (readSegments[at] ?? 0), readSegments[at + 1] ?? 0));
}

/** Copies what one wake-up read out of the arrays that all sockets share; descriptors first of all become owned. */
export function takeSegments(into: ReadMemory, count: number): Segment[] {
  const { bytes: memory, buffer, offset } = into;
  const { readSegments, readFds } = addon;
  // Arrays as long as they get: one that grows has room for seventeen with its first element.
  const segments = new Array<Segment>(count);
  const whole = memory.length;
  const lost = nativeDescriptors.noticeLost();
  let nextFd = 0;
  for (let index = 0; index < count; index++) {
    const at = index * NUMBERS_PER_SEGMENT;
    const start = readSegments[at] ?? 0;
    const length = readSegments[at + 1] ?? 0;
    const fdCount = readSegments[at + 2] ?? 0;
    const marks = readSegments[at + 3] ?? 0;
    // An array of its own even when empty, for whoever holds the segment may add to it.
    const fds = new Array<OwnedFd>(fdCount);
    for (let each = 0; each < fdCount; each++)
      fds[each] = OwnedFd.ofLedger(readFds[nextFd++] ?? -1, nativeDescriptors, lost);
    const bytes = length === whole ? memory : new BufferView(buffer, offset + start, length);
    const truncated = (marks & TRUNCATED) !== 0;
    segments[index] = { bytes, fds, truncated, rest: marks >>> REST_SHIFT };
    into.room -= length;
  }
  return segments;
}

/** The addon's `end` of a read, in words. */
export function readEnd(end: number): ReadEnd | undefined {
  if (end === 0) return undefined;
  return end === END_OF_FILE ? 'eof' : { error: failure(end, 'recvmsg').code };
}
