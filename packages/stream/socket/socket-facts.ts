import type { SocketHandle } from '../../binding';
import type { Inbox } from '../receive/inbox';
import type { SocketStats } from '../stats';
import type { NetDuplex } from './net-duplex';

/** What an FdSocket shows of itself. */
export interface SocketFacts {
  fd: number;
  readyState: NetDuplex['readyState'];
  /** How it is read, such as `frames()`, and what was received and not taken yet. */
  reading: { by: string | null; bytes: number; fds: number };
  /** Bytes that wait to be sent, and whether one should wait for `'drain'`. */
  writing: { bytes: number; needDrain: boolean };
  stats: Omit<SocketStats, 'onTraffic' | 'received' | 'accepted' | 'sent'>;
}

export function factsOf(socket: NetDuplex, { shownFd }: SocketHandle, { consumer, queue }: Inbox): SocketFacts {
  const { readyState, readableLength, writableLength, writableNeedDrain, stats } = socket;
  return {
    fd: shownFd,
    readyState,
    reading: { by: consumer?.name ?? null, bytes: readableLength + queue.length, fds: queue.fdCount },
    writing: { bytes: writableLength, needDrain: writableNeedDrain },
    stats: Object.assign({}, stats),
  };
}
