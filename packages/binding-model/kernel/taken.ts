import type { Ancillary } from './control-buffer';
import type { Stretch } from './trace';

/** What a receive took from the queue, before control messages are made of it. */
export interface Taken {
  /** Absent where no control message is made at all. */
  readonly ancillary?: Ancillary;
  readonly bytes: Uint8Array;
  readonly length: number;
  /** Where in the stream the bytes are; absent at its end, and of a datagram. */
  readonly stretch?: Stretch;
  readonly dataTruncated: boolean;
  readonly outOfBand: boolean;
  /** What the call fails with, after control messages were made all the same (docs/kernel.md 38). */
  readonly error?: string;
}
