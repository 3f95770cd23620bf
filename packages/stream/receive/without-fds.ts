import type { Segment } from '../../binding';
import type { Discarder } from './discard';

/**
 * The same bytes, for a socket that takes no descriptors: those that came are closed and reported, and that others were lost is
 * no loss.
 * @param start offset of the first byte
 */
export function withoutFds(segments: readonly Segment[], start: number, discarder: Discarder): readonly Segment[] {
  let end = start;
  return segments.map((segment) => {
    const { bytes, fds, truncated } = segment;
    const range = { start: end, end: end + bytes.length };
    end = range.end;
    if (fds.length === 0 && !truncated) return segment;
    discarder.discard(fds, range, 'refused');
    return { bytes, fds: [], truncated: false };
  });
}
