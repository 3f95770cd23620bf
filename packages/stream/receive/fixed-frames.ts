import type { OwnedFd } from '../../binding';
import type { FrameMeasure } from './frame-measure';
import type { ReceiveQueue } from './receive-queue';

/** Without a codec every segment is a frame, with the descriptors it came with. */
export function segmentFrames(queue: ReceiveQueue<OwnedFd>): FrameMeasure {
  return {
    segments: true,
    reads: 'greedy',
    measure: () => (queue.length === 0 ? { need: 1 } : { length: queue.frontLength, fds: 'attached' }),
  };
}

/**
 * {@link segmentFrames}, but for the anchor byte of descriptors: where that is the last one of a segment, it is a frame of its
 * own.
 */
export function segmentFramesToAnchor(queue: ReceiveQueue<OwnedFd>): FrameMeasure {
  return {
    segments: true,
    reads: 'greedy',
    measure: () => {
      const { length, frontLength } = queue;
      if (length === 0) return { need: 1 };
      const apart = frontLength > 1 && queue.anchor === 'last-byte' && queue.hasFdsBefore(queue.start + frontLength);
      return { length: apart ? frontLength - 1 : frontLength, fds: 'attached' };
    },
  };
}

/** One frame of a known length, read without looking further. */
export function exactly(length: number): FrameMeasure {
  return { reads: 'bounded', measure: () => ({ length, fds: 'attached' }) };
}
