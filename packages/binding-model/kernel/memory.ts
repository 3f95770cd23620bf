/**
 * What a segment occupies in the sender's send buffer (docs/kernel.md 19, 32): its header's allocation, rounded up
 * to the allocator's sizes, the descriptor of the segment, and whole pages for the rest of the bytes.
 */

const PAGE = 4096;
/** Bookkeeping at the end of each header allocation. */
const SHARED_INFO = 320;
const SEGMENT_DESCRIPTOR = 256;
const SMALLEST_ALLOCATION = 512;
const MAX_PAGES = 17;
/** KMALLOC_MAX_SIZE. */
const LARGEST_ALLOCATION = 4 * 1024 * 1024;

/** Bytes that fit beside the bookkeeping in a header of one page. */
export const HEAD_BYTES = PAGE - SHARED_INFO;
/** Bytes of page fragments that one segment of a stream has at most. */
export const FRAGMENT_BYTES = 32768;
/** Above this a datagram puts bytes in pages. */
const LARGEST_LINEAR_DATAGRAM = 4 * PAGE - SHARED_INFO;

/** @param length bytes of a segment of a stream, at most HEAD_BYTES + FRAGMENT_BYTES */
export function streamSegmentMemory(length: number): number {
  const inPages = Math.min(length, roundUp(Math.max(0, length - HEAD_BYTES), PAGE));
  return headerMemory(length - inPages) + roundUp(inPages, PAGE);
}

/** @param length bytes of a datagram or seqpacket message */
export function datagramMemory(length: number): number {
  const inPages =
    length > LARGEST_LINEAR_DATAGRAM ? roundUp(Math.min(length - LARGEST_LINEAR_DATAGRAM, MAX_PAGES * PAGE), PAGE) : 0;
  return headerMemory(length - inPages) + inPages;
}

/** Whether the part of a datagram that is not in pages fits the largest allocation there is. */
export function datagramFits(length: number): boolean {
  return length <= LARGEST_ALLOCATION - SHARED_INFO + MAX_PAGES * PAGE;
}

function headerMemory(length: number): number {
  let allocation = SMALLEST_ALLOCATION;
  while (allocation < length + SHARED_INFO) allocation *= 2;
  return allocation + SEGMENT_DESCRIPTOR;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
