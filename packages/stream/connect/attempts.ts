import { setTimeout as delay } from 'node:timers/promises';
import { type SystemError, wrongNumber } from '../../binding';
import { abortError, asError } from '../abort';
import { GrowingPause } from '../growing-pause';

/** How long to try again. */
export interface Patience {
  signal?: AbortSignal | undefined;
  /** Milliseconds; default: as long as it takes. */
  timeout?: number | undefined;
}

/** @throws RangeError for what is no time to wait */
export function requireTimeout(timeout: unknown, name = 'timeout'): void {
  if (timeout === undefined || (typeof timeout === 'number' && timeout >= 0)) return;
  throw wrongNumber(`${name} is a number of milliseconds from 0 up`, timeout);
}

/**
 * Tries, and tries again after growing pauses, while the attempt throws something that may pass.
 * @param tooLate what to throw when the time is over
 * @throws what the attempt throws; AbortError
 */
export async function untilDone<T>(
  attempt: () => T | Promise<T>,
  { signal, timeout = Infinity }: Patience,
  mayPass: (error: unknown) => boolean,
  tooLate: (last: unknown) => SystemError,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (const pause = new GrowingPause(); ;) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw error;
      const remaining = deadline - performance.now();
      if (remaining <= 0) throw tooLate(error);
      await rest(Math.min(pause.next(), remaining), signal);
    }
  }
}

async function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (aborted) {
    throw signal === undefined ? asError(aborted) : abortError(signal);
  }
}
