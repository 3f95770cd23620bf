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

/**
 * Calls back when a signal aborts, unless the function that it returns is called before. However many wait for one
 * signal, it has one listener: from eleven on Node warns of a leak.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let listener = listeners.get(signal);
  if (listener === undefined) {
    listener = new AbortListener(signal);
    listeners.set(signal, listener);
  }
  return listener.add(callback);
}

const listeners = new WeakMap<AbortSignal, AbortListener>();

class AbortListener {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();
  readonly #onAbort = (): void => {
    for (const callback of [...this.#callbacks]) callback();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  add(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#remove(callback);
  }

  #remove(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return;
    this.#signal.removeEventListener('abort', this.#onAbort);
    listeners.delete(this.#signal);
  }
}

/** What was thrown, as an Error that a stream can be destroyed with. Never throws, whatever a program in JavaScript threw. */
export function asError(thrown: unknown): Error {
  try {
    if (!(thrown instanceof Error)) return new Error(String(thrown), { cause: thrown });
    // Node reads it where it destroys a stream, and a getter of the user's may throw there.
    Reflect.get(thrown, 'stack');
    return thrown;
  } catch {
    return new Error('what was thrown has no string form', { cause: thrown });
  }
}
