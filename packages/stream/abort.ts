import { describeValue, invalidType } from '../binding';

/** What Node's own promises reject with when their signal aborts. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

/** @throws TypeError for what is no AbortSignal */
export function requireSignal(signal: AbortSignal | undefined): void {
  const given: unknown = signal;
  if (given === undefined || (typeof given === 'object' && given !== null && 'aborted' in given)) return;
  throw invalidType(`signal is an AbortSignal, not ${describeValue(given)}`);
}

/** @throws AbortError; TypeError for what is no AbortSignal */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  requireSignal(signal);
  if (signal?.aborted === true) throw abortError(signal);
}

/** What was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
