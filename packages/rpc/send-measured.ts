import { type EncodedFrame, type FdSocket, type FrameCodec, sendFrame } from '../stream';
import { encode } from './encoded';
import type { AnswerSize } from './unsent';

/**
 * Sends a message, and tells what it takes until it has left.
 * @throws what `encode` throws; nothing was sent then
 */
export function sendMeasured<Out>(
  socket: FdSocket,
  codec: FrameCodec<unknown, Out>,
  message: Out,
): AnswerSize & { readonly sent: Promise<void> } {
  const encoded = encode(codec, message);
  return {
    sent: socket[sendFrame](encoded, { signal: undefined, fdsPerSend: codec.fdsPerSend }),
    bytes: lengthOf(encoded),
    fds: encoded.fds?.length ?? 0,
  };
}

function lengthOf({ bytes }: EncodedFrame): number {
  if (!Array.isArray(bytes)) return (bytes as Uint8Array).length;
  return (bytes as readonly Uint8Array[]).reduce((sum, piece) => sum + piece.length, 0);
}
