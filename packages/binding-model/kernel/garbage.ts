import type { ModelSocket } from './model-socket';
import type { OpenFile } from './open-file';

/**
 * The sockets that can be reached only through descriptors in flight towards one another: no process can get at them,
 * and only the kernel can close them (docs/kernel.md 35).
 *
 * @param sockets all that are not released
 * @param roots what descriptor tables refer to
 */
export function unreachable(sockets: ReadonlySet<ModelSocket>, roots: Iterable<OpenFile>): ModelSocket[] {
  const reached = new Set<ModelSocket>();
  const toLookAt = [...roots];
  for (let file = toLookAt.pop(); file !== undefined; file = toLookAt.pop()) {
    const { socket } = file;
    if (socket === undefined || reached.has(socket)) continue;
    reached.add(socket);
    for (const segment of socket.queue) toLookAt.push(...(segment.files ?? []));
  }
  return [...sockets].filter((socket) => !reached.has(socket));
}
