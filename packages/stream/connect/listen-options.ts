import {
  describeValue,
  invalidType,
  type OptionNames,
  requireBoolean,
  requireOptions,
  requireTogether,
} from '../../binding';
import { type FdQuota, quotaOf } from '../limits/quota';
import type { FdSocketOptions } from '../socket/fd-socket';
import { receiveLimits, SOCKET_OPTIONS } from '../socket/options';
import type { Authorize } from './admission';
import { requireTimeout } from './attempts';
import { NOT_LISTEN_OPTIONS } from './elsewhere';

export interface ListenOptions extends FdSocketOptions {
  /** Closes the server, or gives up waiting for its path. */
  signal?: AbortSignal | undefined;
  /** Connections the kernel holds before they are accepted; default 511, as in net. */
  backlog?: number | undefined;
  /** Waits while another server has the path or name, until the signal or the timeout. */
  retry?: boolean | undefined;
  /** Milliseconds after which `retry`, which it needs, gives up with ETIMEDOUT. Default: none. */
  timeout?: number | undefined;
  /** As of every EventEmitter; a connection whose listener rejects is destroyed with the error, as net does. */
  captureRejections?: boolean | undefined;
  /**
   * Called with the peer of each connection before anything is read from it and before you get it: `true`, or a promise of that,
   * lets it in. Anything else closes it and emits `'refused'`: false, what is no boolean, an error, a rejection. Default: at a
   * path everybody whom its mode lets in; at an abstract name, which has no mode, the server's own user alone.
   */
  authorize?: Authorize | undefined;
  /** Milliseconds in which a promise of `authorize`, which it needs, must settle or refuses; default 30 000, Infinity for none. */
  authorizeTimeout?: number | undefined;
  /**
   * What each user's connections may hold of this process. Default: one that all servers share that are given none, of seven
   * eighths of the descriptors that the process may have open. `false`: whatever they like.
   */
  quota?: FdQuota | false | undefined;
}

const LISTEN_OPTIONS: OptionNames<ListenOptions> = {
  ...SOCKET_OPTIONS,
  signal: true,
  backlog: true,
  retry: true,
  timeout: true,
  captureRejections: true,
  authorize: true,
  authorizeTimeout: true,
  quota: true,
};

/** @throws TypeError and RangeError */
export function requireListenOptions(options: ListenOptions): void {
  requireOptions('listen()', options, LISTEN_OPTIONS, { elsewhere: NOT_LISTEN_OPTIONS });
  receiveLimits(options);
  requireBoolean('retry', options.retry);
  requireBoolean('captureRejections', options.captureRejections);
  requireTimeout(options.timeout);
  requireTimeout(options.authorizeTimeout, 'authorizeTimeout');
  quotaOf(options.quota);
  const authorize: unknown = options.authorize;
  if (authorize !== undefined && typeof authorize !== 'function')
    throw invalidType(`authorize is a function of the peer, not ${describeValue(authorize)}`);
  requireTogether(options, 'authorizeTimeout', 'authorize');
  requireTogether(options, 'timeout', 'retry');
}
