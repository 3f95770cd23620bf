import type { ModelSocket } from './model-socket';
import { KernelError, type SocketOption } from './system-calls';

const TYPES = { stream: 1, dgram: 2, seqpacket: 5 } as const;
const ECONNRESET = 104;

/** @throws ENOPROTOOPT */
export function setOption(socket: ModelSocket, option: SocketOption, value: number): void {
  if (option !== 'SO_SNDBUF' && socket.rules.name !== 'linux') throw new KernelError('ENOPROTOOPT', 'setsockopt');
  const on = value !== 0;
  switch (option) {
    case 'SO_SNDBUF':
      socket.askSendBuffer(value);
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
  const everywhere = option === 'SO_TYPE' || option === 'SO_SNDBUF' || option === 'SO_ERROR';
  if (!everywhere && socket.rules.name !== 'linux') throw new KernelError('ENOPROTOOPT', 'getsockopt');
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
