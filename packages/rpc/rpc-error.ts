import { printable } from '../binding';

/** Codes of the errors that `rpc()` makes itself. */
export type RpcErrorCode = 'ERR_RPC_METHOD' | 'ERR_RPC_BUSY' | 'ERR_RPC_HANDLER';

/**
 * A call that failed. A handler throws it to choose `code` and `data`, which may hold descriptors; the caller's promise rejects
 * with one for whatever the handler threw.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: string | number;
  /** Whatever the handler added. The caller owns the descriptors in it. */
  readonly data: unknown;

  constructor(code: string | number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** The error that came as an answer, whose words are the peer's. */
  static received(error: unknown): RpcError {
    const { code, message, data } = (error ?? {}) as Readonly<Record<string, unknown>>;
    const known = typeof code === 'string' ? printable(code) : code;
    const text = typeof message === 'string' ? printable(message) : UNKNOWN;
    return new RpcError(typeof known === 'string' || typeof known === 'number' ? known : HANDLER, text, data);
  }

  /** What goes to the caller: code and message, and never the stack, which says how things are here. */
  static toSend(thrown: unknown): { code: string | number; message: string; data?: unknown } {
    try {
      // By what it has: an error may be of another realm, as Node's own are in the sandbox of a test.
      const { code, message, data } = Object(thrown) as Readonly<Record<string, unknown>>;
      const text = typeof thrown === 'string' ? thrown : message;
      return {
        code: typeof code === 'string' || typeof code === 'number' ? code : HANDLER,
        message: typeof text === 'string' ? text : UNKNOWN,
        ...(thrown instanceof RpcError && { data }),
      };
    } catch {
      return { code: HANDLER, message: UNKNOWN };
    }
  }
}

const HANDLER: RpcErrorCode = 'ERR_RPC_HANDLER';
const UNKNOWN = 'the call failed';

/** Of a call that was cancelled while it waited for its turn. */
export function cancelledError(): RpcError {
  return new RpcError('ABORT_ERR', 'the call was cancelled before it was started');
}
