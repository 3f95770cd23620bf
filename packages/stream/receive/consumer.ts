import type { LookAhead } from '../../binding';
import type { KeptSegment } from './bundle';

/** How much may be read from the kernel now; see SocketHandle.allowReading. */
export interface Demand {
  readonly bytes: number;
  readonly fds: number;
  readonly look: LookAhead;
}

export const NO_DEMAND: Demand = { bytes: 0, fds: 0, look: 'nothing' };
/** Whatever comes. No larger numbers, since V8 would then keep those of every demand in objects of their own. */
export const ANY_DEMAND: Demand = { bytes: 2 ** 31 - 1, fds: 2 ** 31 - 1, look: 'nothing' };

/** What is handed out as it comes does not pile up, so one read may bring so many times what may wait. */
export const FLOWING = 4;

/** What is said to `by`, who would read what another reads. */
export function readAlready({ name, howToLeave }: Consumer, by: string): string {
  const how = howToLeave === undefined ? '' : ` (${howToLeave})`;
  return `the socket is being read by ${name}; ${by} must wait until that is left${how}`;
}

/** One way of reading a socket: bytes, or frames. At most one is active. */
export interface Consumer {
  /** What a user would call it, for messages. */
  readonly name: string;
  /** How its user leaves it, where that is not to leave a loop or to wait; for messages. */
  readonly howToLeave?: string;
  /** Whether its user learns by a rejected promise why the socket was destroyed. */
  readonly rejects: boolean;
  /** Whether it reads on when nothing can be sent any more, which those who wait to write are not told then. */
  readonly readsOn: boolean;
  /** May take what came past the queue, and then returns true. After false the segments are queued. */
  takeDirectly?(segments: readonly KeptSegment[]): boolean;
  /** Something was received, or the stream ended: take what can be taken. */
  advance(): void;
  demand(): Demand;
  /** Where the frame began of which a part came, and the rest is waited for; undefined where there is none. */
  readonly awaitedAt?: number | undefined;
  /** Memory that what follows belongs in, to be set apart now; undefined where there is none, or it is not full yet. */
  reserve?(): Buffer | undefined;
  /** Whether its user has left, so that another way of reading may follow. @throws ERR_FD_MODE where none ever may */
  leave?(): boolean;
  /** The socket is destroyed. */
  socketDestroyed(error: Error | undefined): void;
}
