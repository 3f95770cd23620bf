import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, raw } from '../../packages/ancillary';

/** Resolves when the socket is closed, also when it is already. */
export async function closed(...sockets: readonly FdSocket[]): Promise<void> {
  for (const socket of sockets) {
    if (!socket.closed) await once(socket, 'close');
  }
  // `closed` is true a moment before 'close' is emitted.
  await nextTurn();
}

/** Destroys sockets and waits until they are closed. */
export async function destroyed(...sockets: readonly FdSocket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await closed(...sockets);
}

/** Everything until the end, read as bytes. */
export async function bytesOf(socket: FdSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.readableEnded) await once(socket, 'end');
  return Buffer.concat(chunks);
}

const CHUNK = Buffer.alloc(16_384, '.');

/** Fills the kernel's buffer, and then the Writable's until write() returns false. Returns the bytes written. */
export function fill(socket: FdSocket): number {
  let written = 0;
  for (let count = 0; count < 10_000; count++) {
    try {
      written += raw.sendMessage(socket, CHUNK);
    } catch {
      break;
    }
  }
  for (let count = 0; count < 1_000; count++) {
    written += CHUNK.length;
    if (!socket.write(CHUNK)) return written;
  }
  throw new Error('write() never returned false');
}

/** The next of what an iterator gives; throws at its end. */
export async function nextOf<T>(iterator: AsyncIterator<T, unknown>): Promise<T> {
  const result = await iterator.next();
  if (result.done === true) throw new Error('the iterator ended');
  return result.value;
}

/** The code that something fails with, as a promise or by throwing. */
export async function codeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  throw new Error('it succeeded');
}
