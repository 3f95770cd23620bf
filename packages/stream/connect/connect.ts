import { setTimeout as delay } from 'node:timers/promises';
import {
  type BoundAddress,
  describeValue,
  type ListeningBinding,
  outOfRange,
  type SocketBinding,
  systemError,
} from '../../binding';
import { type Address, boundAddress, showAddress } from './address';
import { FdSocket, type FdSocketOptions } from '../socket/fd-socket';
import { receiveLimits } from '../socket/options';
import { abortError, asError, throwIfAborted } from '../abort';

export interface ConnectOptions extends FdSocketOptions {
  /** Gives up: the promise rejects with an AbortError. */
  signal?: AbortSignal;
  /** Milliseconds after which to give up with ETIMEDOUT; its `cause` is the last refusal. Default: none. */
  timeout?: number;
  /** Try again while the server is not there yet (ENOENT, ECONNREFUSED), until the signal or the timeout. */
  retry?: boolean;
}

// A full backlog: connect(2) on a non-blocking Unix socket refuses at once, and poll(2) cannot wait for room
// (docs/kernel.md 28).
const BACKLOG_FULL = 'EAGAIN';
const NOT_THERE_YET = new Set(['ENOENT', 'ECONNREFUSED']);
const LONGEST_PAUSE_MS = 100;

/**
 * Connects to a listening Unix stream socket.
 * @throws AbortError; ETIMEDOUT; system errors of connect(2); TypeError and RangeError for options
 */
export async function connect(
  binding: SocketBinding & ListeningBinding,
  address: Address,
  options: ConnectOptions = {},
): Promise<FdSocket> {
  const target = boundAddress(address);
  receiveLimits(options);
  const timeout: unknown = options.timeout ?? Infinity;
  if (typeof timeout !== 'number' || !(timeout >= 0)) {
    throw outOfRange(`timeout is a number of milliseconds from 0 up, not ${describeValue(timeout)}`);
  }
  throwIfAborted(options.signal);
  const socket = binding.socket();
  try {
    await untilConnected(() => binding.connect(socket, target), target, options);
    return new FdSocket(binding, socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function untilConnected(
  attempt: () => string | undefined,
  target: BoundAddress,
  { signal, timeout = Infinity, retry = false }: ConnectOptions,
): Promise<void> {
  const deadline = performance.now() + timeout;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const refusal = attempt();
    if (refusal === undefined) return;
    const error = Object.assign(systemError(refusal, 'connect', showAddress(target)), target);
    if (refusal !== BACKLOG_FULL && !(retry && NOT_THERE_YET.has(refusal))) throw error;
    const remaining = deadline - performance.now();
    if (remaining <= 0) {
      const detail = `${showAddress(target)}, after ${timeout} ms`;
      throw Object.assign(systemError('ETIMEDOUT', 'connect', detail, { cause: error }), target);
    }
    try {
      await delay(Math.min(pause, remaining), undefined, signal === undefined ? {} : { signal });
    } catch (aborted) {
      throw signal === undefined ? asError(aborted) : abortError(signal);
    }
  }
}
