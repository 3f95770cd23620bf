import { types } from 'node:util';
import { printable } from '../../binding';

/**
 * An error as a value: JSON sees none of what makes one. The stack stays here, as it says how things are here.
 */
export function errorToSend(thrown: unknown): unknown {
  // Of another realm, too, as Node's own are in the sandbox of a test.
  if (!types.isNativeError(thrown) && !(thrown instanceof Error)) return thrown;
  const { name, message, code } = thrown as Error & { readonly code?: unknown };
  return { [MARK]: { name, message, ...(isCode(code) && { code }) } };
}

/** What was thrown over there; of an error only what is known of one, since the words are the peer's. */
export function errorFrom(received: unknown): unknown {
  const members = (received as Readonly<Record<string, unknown>> | null | undefined)?.[MARK];
  if (typeof members !== 'object' || members === null) return received;
  const { name, message, code } = members as Readonly<Record<string, unknown>>;
  const error = new Error(typeof message === 'string' ? printable(message) : '');
  if (typeof name === 'string') error.name = printable(name);
  return isCode(code) ? Object.assign(error, { code: typeof code === 'string' ? printable(code) : code }) : error;
}

const MARK = '$error';

function isCode(code: unknown): code is string | number {
  return typeof code === 'string' || typeof code === 'number';
}
