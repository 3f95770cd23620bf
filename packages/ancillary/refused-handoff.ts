import { AncillaryError } from '../binding';
import { asError, type FdFrame, type FdSocket } from '../stream';

/** Sockets that were destroyed here, with no 'error': the rejection tells the caller. */
const refused = new WeakSet<FdSocket>();

/** Destroys a socket whose next answer would be taken for that of another descriptor. */
export function giveUp(socket: FdSocket): void {
  if (!socket.destroyed) refused.add(socket);
  socket.destroy();
}

/** As a promise of `FdSocket.send()`: where the program is told of a failure besides, it need not be awaited. */
export function reportedBySocket(socket: FdSocket, outcome: Promise<void>): Promise<void> {
  const told = new Promise<void>((resolve, reject) => {
    outcome.then(resolve, (error: unknown) => {
      const known = !socket.errored || socket.listenerCount('error') > 0;
      if (socket.destroyed && known && !refused.has(socket)) told.catch(() => undefined);
      reject(asError(error));
    });
  });
  return told;
}

/** Destroys a socket whose peer keeps to another protocol. */
export function refuse(
  socket: FdSocket,
  code: 'ERR_FD_TRUNCATED' | 'ERR_FD_MISSING' | 'ERR_FD_SURPLUS' | 'ERR_FD_REFUSED',
  what: string,
): AncillaryError {
  const error = new AncillaryError(code, `${what}; everything that came is closed, and so is the socket`);
  giveUp(socket);
  return error;
}

export function show(frame: FdFrame): string {
  return `the byte 0x${frame.bytes.toString('hex')}`;
}
