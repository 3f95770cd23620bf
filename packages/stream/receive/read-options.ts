import { type OptionNames, requireOptions } from '../../binding';
import { requireSignal } from '../abort';

/** How long to wait for what is read. */
export interface ReadOptions {
  /**
   * Gives up: what waits rejects with an AbortError, whose `cause` is the signal's reason. The socket stays open, and what
   * came stays for the next way of reading, a frame of which a part is there included. `AbortSignal.timeout()` makes it a
   * timeout.
   */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<ReadOptions> = { signal: true };

/** The signal of options that may be left out. @param taker whose options they are @throws TypeError for what are none */
export function signalOf(taker: string, options: ReadOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  requireOptions(taker, options, NAMES);
  const { signal } = options;
  requireSignal(signal);
  return signal;
}
