import type { ModelSocket } from './model-socket';
import type { OpenFile } from './open-file';
import { SocketFile } from './socket-file';

/**
 * Which of the open sockets are referred to only by descriptors in flight towards one another: no process can get at
 * them, and only the kernel can close them (docs/kernel.md 35).
 */
export function unreachable(sockets: ReadonlySet<SocketFile>): ModelSocket[] {
  const inFlight = countInFlight(sockets);
  const reached = new Set<OpenFile>();
  const toLookAt: OpenFile[] = [...sockets].filter((socket) => socket.references > (inFlight.get(socket) ?? 0));
  for (let file = toLookAt.pop(); file !== undefined; file = toLookAt.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    toLookAt.push(...sentTo(file));
  }
  return [...sockets].filter((file) => !reached.has(file)).map(({ socket }) => socket);
}

/** How many references to each file wait in these sockets. */
export function countInFlight(sockets: ReadonlySet<SocketFile>): ReadonlyMap<OpenFile, number> {
  const inFlight = new Map<OpenFile, number>();
  for (const socket of sockets) for (const file of sentTo(socket)) inFlight.set(file, (inFlight.get(file) ?? 0) + 1);
  return inFlight;
}

function sentTo(file: OpenFile): OpenFile[] {
  return file instanceof SocketFile ? file.socket.queue.flatMap((segment) => segment.files ?? []) : [];
}
