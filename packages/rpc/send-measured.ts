import { type EncodedFrame, type FdSocket, type FrameCodec, sendFrame } from '../stream';
import { encode } from './encoded';

/**
 * Sends a message, and tells how many bytes it has.
 * @throws what `encode` throws; nothing was sent then
 */
export function sendMeasured<Out>(
  socket: FdSocket,
  codec: FrameCodec<unknown, Out>,
  message: Out,
): { readonly sent: Promise<void>; readonly length: number } {
  const encoded = encode(codec, message);
  return {
    sent: socket[sendFrame](encoded, { signal: undefined, fdsPerSend: codec.fdsPerSend }),
    length: lengthOf(encoded),
  };
}

function lengthOf({ bytes }: EncodedFrame): number {
  if (!Array.isArray(bytes)) return (bytes as Uint8Array).length;
  return (bytes as readonly Uint8Array[]).reduce((sum, piece) => sum + piece.length, 0);
}
