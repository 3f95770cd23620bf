import { markAsUntransferable } from 'node:worker_threads';
import { OwnedFd, type ReadEnd, type Segment } from '../binding';
import { addon } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { failure } from './native-failure';

const NUMBERS_PER_SEGMENT = 4;
const END_OF_FILE = 1;

// What is imported is looked up at each use, which shows where a message has hundreds of descriptors.
const Owned = OwnedFd;

let knownSlab: Uint8Array | undefined;

/** Segments of many sockets lie in the slab: posting one with its memory to a worker would empty the others. */
export function guardSlab(slab: Uint8Array): void {
  if (slab === knownSlab) return;
  markAsUntransferable(slab.buffer);
  knownSlab = slab;
}

/** Copies what one wake-up read out of the arrays that all sockets share; descriptors first of all become owned. */
export function takeSegments(memory: Buffer, count: number): Segment[] {
  const { readSegments, readFds } = addon;
  const segments: Segment[] = [];
  let nextFd = 0;
  for (let at = 0; at < count * NUMBERS_PER_SEGMENT; at += NUMBERS_PER_SEGMENT) {
    const start = readSegments[at] ?? 0;
    const end = start + (readSegments[at + 1] ?? 0);
    const lastFd = nextFd + (readSegments[at + 2] ?? 0);
    const truncated = readSegments[at + 3] === 1;
    // An array of its own even when empty, for whoever holds the segment may add to it.
    const fds: OwnedFd[] = [];
    for (; nextFd < lastFd; nextFd++) fds.push(Owned.ofLedger(readFds[nextFd] ?? -1, nativeDescriptors));
    segments.push({ bytes: memory.subarray(start, end), fds, truncated });
  }
  return segments;
}

/** The addon's `end` of a read, in words. */
export function readEnd(end: number): ReadEnd | undefined {
  if (end === 0) return undefined;
  return end === END_OF_FILE ? 'eof' : { error: failure(end, 'recvmsg').code };
}
