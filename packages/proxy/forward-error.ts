import { printable } from '../binding';
import type { Side } from './side';

const WHO = { from: 'the connection that is forwarded from', to: 'the connection that is forwarded to' } as const;

/**
 * One of two connections failed: {@link side} says which, `cause` is what went wrong there, and `code` is the code of that.
 * By then both are closed, and whatever descriptors were on their way.
 */
export class ForwardError extends Error {
  override readonly name = 'ForwardError';
  override readonly cause: Error;
  /** Whose socket, peer or frame it was. */
  readonly side: Side;
  /** As of `cause`: `'ECONNRESET'` or `'EPIPE'` where the peer left before it had read all, `'ERR_FD_SURPLUS'` … */
  readonly code: string | undefined;

  constructor(side: Side, cause: Error) {
    super(printable(`${WHO[side]} failed: ${cause.message}`));
    this.side = side;
    this.cause = cause;
    const { code } = cause as { readonly code?: unknown };
    this.code = typeof code === 'string' ? code : undefined;
  }
}
