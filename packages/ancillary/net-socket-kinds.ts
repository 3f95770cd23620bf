import { AncillaryError } from '../binding';
import type { FdKind } from '../binding';

/** What net.Socket can be made of; in Deno not of a pipe, in Bun of nothing (docs/runtimes.md). */
export const NET_SOCKET_KINDS: readonly FdKind[] = ['tcp-socket', 'unix-socket', 'pipe'];

/** @throws ERR_FD_PLATFORM where this runtime's net.Socket does not take such a descriptor */
export function requireNetSocket(kind: FdKind): void {
  const { bun, deno } = process.versions;
  const runtime = bun !== undefined ? `Bun ${bun}` : deno !== undefined && kind === 'pipe' ? `Deno ${deno}` : undefined;
  if (runtime === undefined) return;
  throw new AncillaryError(
    'ERR_FD_PLATFORM',
    `${runtime} makes no net.Socket of a ${kind}; the descriptor is still open and yours. ${INSTEAD[kind] ?? ''}`,
  );
}

const INSTEAD: Partial<Record<FdKind, string>> = {
  'unix-socket': 'Use adopt() if it is a stream socket',
  'tcp-socket': 'It can be sent to another process, not read or written',
  pipe: 'Use toReadStream() or toWriteStream()',
};
