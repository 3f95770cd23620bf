import type { FdSocket, OwnedFd } from '../../packages/ancillary';
import type { Hook } from './hooks';

/** What an exchange gives to its parts. */
export interface Stage {
  readonly signal: AbortSignal;
  /** To be lent. */
  readonly files: readonly OwnedFd[];
  /** Two connected sockets that are ended with the exchange. */
  pair(): [FdSocket, FdSocket];
  /** The exchange waits until it settles. */
  run(promise: Promise<unknown>): void;
  /** @param socket the one whose program this is */
  reach(hook: Hook, socket: FdSocket, peer: FdSocket): void;
}
