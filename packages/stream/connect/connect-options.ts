import { requireSignal } from '../abort';
import type { FdSocketOptions } from '../socket/fd-socket';
import { receiveLimits } from '../socket/options';
import { requireTimeout } from './attempts';

export interface ConnectOptions extends FdSocketOptions {
  /** Gives up connecting, with an AbortError. Once connected it has no effect. */
  signal?: AbortSignal;
  /** Milliseconds after which to give up with ETIMEDOUT; its `cause` is the last refusal. Default: none. */
  timeout?: number;
  /** Try again while the server is not there yet (ENOENT, ECONNREFUSED), until the signal or the timeout. */
  retry?: boolean;
}

/** @throws TypeError and RangeError */
export function requireConnectOptions(options: ConnectOptions): void {
  receiveLimits(options);
  requireTimeout(options.timeout);
  requireSignal(options.signal);
}
