import type { Duplex } from 'node:stream';
import {
  describeValue,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
  requireBoolean,
  requireObject,
} from '../../binding';
import { type DeadlineLimits, deadlineLimits, type DeadlineOptions } from '../limits/deadlines/options';
import type { ReceiveLimits } from '../receive/inbox';
import { type Onread, requireOnread } from '../receive/onread';

/** Limits on what a socket receives, and deadlines. */
export interface SocketOptions<Socket = Duplex> extends DeadlineOptions {
  /** Descriptors one frame may have; default 253 (SCM_MAX_FD). Raise it to receive frames with more. */
  maxFdsPerFrame?: number | undefined;
  /**
   * What happens to a frame with more descriptors than it declared or than `maxFdsPerFrame`: `'error'` (default)
   * destroys the socket with ERR_FD_SURPLUS, `'close'` keeps the first ones. The surplus is closed either way.
   */
  onSurplus?: 'error' | 'close' | undefined;
  /**
   * What happens to a frame of which the kernel dropped descriptors: `'error'` (default) destroys the socket with
   * ERR_FD_TRUNCATED, `'mark'` hands it out with `truncated: true` and the descriptors that were delivered.
   */
  onTruncated?: 'error' | 'mark' | undefined;
  /**
   * false: the peer cannot send descriptors. Its sendmsg with some fails with EPERM where the kernel has SO_PASSRIGHTS (Linux
   * 6.16), for everybody who has this socket. Those that come all the same are closed and counted in `stats.fdsClosed`, and
   * never fail or mark what they came with. Default true.
   */
  receiveFds?: boolean | undefined;
  /** Descriptors received and not taken yet at which reading pauses; default 1024. At most one bundle more is held. */
  maxQueuedFds?: number | undefined;
  /**
   * Descriptors sent and perhaps not received by the peer at which sending descriptors waits. How many that are is an upper estimate:
   * those sent since the peer had received all. A frame with more goes when nothing else is on its way. Default: none.
   */
  maxInFlightFds?: number | undefined;
  /** Bytes received and not taken yet at which reading pauses, and unsent ones at which writing should; default 64 KiB. */
  highWaterMark?: number | undefined;
  /**
   * Whether the sending side stays open when the peer has ended its own; default `true`. With `false`, as in net, it ends
   * after `'end'`, and later writes fail with EPIPE.
   */
  allowHalfOpen?: boolean | undefined;
  /** Reads into one buffer over and over, and starts at once. No other way of reading is open then. */
  onread?: Onread<Socket> | undefined;
}

/** All limits of a socket. */
export type SocketLimits = ReceiveLimits & DeadlineLimits & Pick<SocketOptions, 'maxInFlightFds'>;

/** For those who take them, perhaps beside others. */
export const SOCKET_OPTIONS: OptionNames<SocketOptions> = {
  maxFdsPerFrame: true,
  onSurplus: true,
  onTruncated: true,
  receiveFds: true,
  maxQueuedFds: true,
  maxInFlightFds: true,
  highWaterMark: true,
  frameTimeout: true,
  sendTimeout: true,
  allowHalfOpen: true,
  onread: true,
};

const DEFAULTS: Omit<ReceiveLimits, 'frameTimeout'> = {
  maxFdsPerFrame: 253,
  onSurplus: 'error',
  onTruncated: 'error',
  receiveFds: true,
  maxQueuedFds: 1024,
  highWaterMark: 64 * 1024,
};

/** @throws TypeError or RangeError for an option that is none of what it may be */
export function receiveLimits(options: SocketOptions<never>): SocketLimits {
  requireObject('options', options);
  if (options.onread !== undefined) requireOnread(options.onread);
  requireBoolean('allowHalfOpen', options.allowHalfOpen);
  requireBoolean('receiveFds', options.receiveFds);
  if (options.maxInFlightFds !== undefined) requireCount('maxInFlightFds', options.maxInFlightFds, 1);
  return {
    maxFdsPerFrame: count(options, 'maxFdsPerFrame', 0),
    onSurplus: choice('onSurplus', options.onSurplus ?? DEFAULTS.onSurplus, ['error', 'close']),
    onTruncated: choice('onTruncated', options.onTruncated ?? DEFAULTS.onTruncated, ['error', 'mark']),
    receiveFds: options.receiveFds ?? DEFAULTS.receiveFds,
    maxQueuedFds: count(options, 'maxQueuedFds', 1),
    highWaterMark: count(options, 'highWaterMark', 1),
    maxInFlightFds: options.maxInFlightFds,
    ...deadlineLimits(options),
  };
}

type Count = 'maxFdsPerFrame' | 'maxQueuedFds' | 'highWaterMark';

function count(options: SocketOptions<never>, name: Count, least: number): number {
  const value = options[name] ?? DEFAULTS[name];
  return requireCount(name, value, least);
}

function requireCount(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number') throw invalidType(`${name} is a number, not ${describeValue(value)}`);
  if (!Number.isInteger(value) || value < least || value > 0x7fffffff) {
    throw outOfRange(`${name} is an integer from ${least} to 2^31 - 1, not ${value}`);
  }
  return value;
}

function choice<const Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (!allowed.includes(value))
    throw invalidValue(`${name} is one of ${allowed.join(', ')}, not ${describeValue(value)}`);
  return value;
}
