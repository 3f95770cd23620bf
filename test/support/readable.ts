import type { FdSocket } from '../../packages/ancillary';

/**
 * Resolves with each 'readable' that comes from now on. One listener for good: adding one while bytes are buffered
 * makes the event come at once, without end and without anything new.
 */
export function readables(socket: FdSocket): () => Promise<void> {
  let wake: () => void = () => undefined;
  socket.on('readable', () => {
    wake();
  });
  return () =>
    new Promise((resolve) => {
      wake = resolve;
    });
}
