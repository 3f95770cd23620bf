import { AncillaryError } from '../binding';
import type { FdSocket } from '../stream';

/** What broke a connection. The first bytes of another protocol are read as a length, and raising a limit would not help. */
export function orForeign(error: Error, socket: FdSocket): Error {
  if (!(error instanceof AncillaryError) || error.code !== 'ERR_FRAME_TOO_LARGE' || socket.stats.framesReceived > 0)
    return error;
  const message = `${error.message}; it is the first message: the peer may not speak this protocol`;
  return new AncillaryError(error.code, message, { cause: error });
}
