import type { ModelSocket } from './model-socket';
import { KernelError, type SocketOption } from './system-calls';

const TYPES = { stream: 1, dgram: 2, seqpacket: 5 } as const;
const ECONNRESET = 104;

/** What other kernels have too. There it does nothing: they send no byte out of band (docs/kernel.md 24). */
const EVERYWHERE: readonly unknown[] = ['SO_SNDBUF', 'SO_OOBINLINE'];
/** What getsockopt has and setsockopt has not. */
const ANSWERED: readonly unknown[] = ['SO_ERROR', 'SO_TYPE'];
const LINUX: readonly unknown[] = ['SO_PASSCRED', 'SO_PASSPIDFD', 'SO_PASSRIGHTS'];

/** @throws ENOPROTOOPT */
export function setOption(socket: ModelSocket, option: SocketOption, value: number): void {
  if (!hasOption(socket, option)) throw new KernelError('ENOPROTOOPT', 'setsockopt', option);
  const on = value !== 0;
  switch (option) {
    case 'SO_SNDBUF':
      // Taken for unsigned: less than 0 is very much.
      socket.setSendBuffer(value >>> 0);
      return;
    case 'SO_PASSCRED':
      socket.passCredentials = on;
      return;
    case 'SO_PASSPIDFD':
      socket.passPidfd = on;
      return;
    case 'SO_PASSRIGHTS':
      socket.passRights = on;
      return;
    case 'SO_OOBINLINE':
      socket.outOfBandInline = on;
  }
}

/** @throws ENOPROTOOPT */
export function getOption(socket: ModelSocket, option: SocketOption | 'SO_ERROR' | 'SO_TYPE'): number {
  if (!ANSWERED.includes(option) && !hasOption(socket, option)) {
    throw new KernelError('ENOPROTOOPT', 'getsockopt', option);
  }
  switch (option) {
    case 'SO_TYPE':
      return TYPES[socket.type];
    case 'SO_SNDBUF':
      return socket.sendBuffer;
    case 'SO_ERROR':
      return socket.takeError() === undefined ? 0 : ECONNRESET;
    case 'SO_PASSCRED':
      return Number(socket.passCredentials);
    case 'SO_PASSPIDFD':
      return Number(socket.passPidfd);
    case 'SO_PASSRIGHTS':
      return Number(socket.passRights);
    case 'SO_OOBINLINE':
      return Number(socket.outOfBandInline);
  }
}

function hasOption({ rules }: ModelSocket, option: unknown): boolean {
  return EVERYWHERE.includes(option) || (rules.name === 'linux' && LINUX.includes(option));
}
