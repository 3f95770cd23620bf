import { type OptionNames, requireBoolean } from '../../binding';
import { requireSignal } from '../abort';
import type { FdSocketOptions } from '../socket/fd-socket';
import { receiveLimits, SOCKET_OPTIONS } from '../socket/options';
import { requireTimeout } from './attempts';
import { type Expectation, requireExpectation } from './expectation';

export interface ConnectOptions extends FdSocketOptions {
  /** Gives up connecting, with an AbortError. Once connected it has no effect. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which to give up with ETIMEDOUT; its `cause` is the last refusal. Default: none. */
  timeout?: number | undefined;
  /** Try again while the server is not there yet (ENOENT, ECONNREFUSED), until the signal or the timeout. */
  retry?: boolean | undefined;
  /**
   * Who listens there (SO_PEERCRED), checked before anything is sent or read: with another one, connecting fails with
   * ERR_UNAUTHORIZED, at once and with `retry` too. Default: anybody.
   */
  expect?: Expectation | undefined;
}

export const CONNECT_OPTIONS: OptionNames<ConnectOptions> = {
  ...SOCKET_OPTIONS,
  signal: true,
  timeout: true,
  retry: true,
  expect: true,
};

/** Passes over those that it does not know. @throws TypeError and RangeError */
export function requireConnectOptions(options: ConnectOptions): void {
  receiveLimits(options);
  requireTimeout(options.timeout);
  requireSignal(options.signal);
  requireBoolean('retry', options.retry);
  requireExpectation(options.expect);
}
