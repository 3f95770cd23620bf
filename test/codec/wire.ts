import type { EncodedFrame, FrameDecoder, MeasureAt } from '../../packages/codec';

/** What goes out for a message, in one piece. */
export function wholeOf({ bytes }: EncodedFrame): Buffer {
  const pieces: readonly Uint8Array[] = bytes instanceof Uint8Array ? [bytes] : bytes;
  return Buffer.concat(pieces);
}

/** Asks the second form of a codec's `measure`, for a frame that begins at `start`. */
export function measureAt(codec: FrameDecoder<unknown>, memory: Uint8Array, start: number, scanned = 0): unknown {
  return (codec.measure as unknown as { readonly at: MeasureAt }).at.call(codec, memory, start, scanned);
}
