import type { BoundAddress, ListeningBinding, OwnedFd } from '../../binding';
import { abortError, asError, onAbort } from '../abort';
import { GrowingPause } from '../growing-pause';
import { addressError, showAddress } from './address';
import type { ConnectOptions } from './connect-options';
import { PinnedAddress } from './pinned-address';

// A full backlog: connect(2) on a non-blocking Unix socket refuses at once, and poll(2) cannot wait for room
// (docs/kernel.md 28).
const BACKLOG_FULL = 'EAGAIN';
const NOT_THERE_YET = new Set(['ENOENT', 'ECONNREFUSED']);

/** Who learns how an attempt went: of one of the two, once, and of none after `cancel()`. */
export interface Attempting {
  /** The receiver of the socket owns it. */
  connected(socket: OwnedFd): void;
  failed(error: Error): void;
}

/**
 * Connects to an address: at once where it can, or else again and again, until the signal aborts or the time is over. May
 * be over before {@link start} returns.
 */
export class ConnectionAttempt {
  readonly #binding: ListeningBinding;
  readonly #target: PinnedAddress;
  readonly #options: ConnectOptions;
  readonly #owner: Attempting;
  #socket: OwnedFd | undefined;
  #deadline = Infinity;
  readonly #pause = new GrowingPause();
  #timer: NodeJS.Timeout | undefined;
  #refed = true;
  #stopListening: (() => void) | undefined;

  constructor(binding: ListeningBinding, target: BoundAddress, options: ConnectOptions, owner: Attempting) {
    this.#binding = binding;
    this.#target = new PinnedAddress(target);
    this.#options = options;
    this.#owner = owner;
  }

  start(): void {
    const { signal, timeout = Infinity } = this.#options;
    if (signal?.aborted === true) {
      this.#fail(abortError(signal));
      return;
    }
    if (signal !== undefined) this.#stopListening = onAbort(signal, () => this.#fail(abortError(signal)));
    this.#deadline = performance.now() + timeout;
    try {
      this.#socket = this.#binding.socket();
      this.#try(this.#socket);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  /** Gives up and tells nobody. */
  cancel(): void {
    this.#stop();
    this.#socket?.close();
    this.#socket = undefined;
  }

  ref(): void {
    this.#refed = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#refed = false;
    this.#timer?.unref();
  }

  #try(socket: OwnedFd): void {
    const refusal = this.#binding.connect(socket, this.#target.address);
    if (refusal === undefined) {
      this.#stop();
      this.#socket = undefined;
      this.#owner.connected(socket);
      return;
    }
    const { retry = false, timeout } = this.#options;
    const { given } = this.#target;
    const error = addressError(refusal, 'connect', given);
    const remaining = this.#deadline - performance.now();
    if (refusal !== BACKLOG_FULL && !(retry && NOT_THERE_YET.has(refusal))) this.#fail(error);
    else if (remaining <= 0) {
      const detail = `${showAddress(given)}, after ${timeout} ms`;
      this.#fail(addressError('ETIMEDOUT', 'connect', given, detail, { cause: error }));
    } else this.#tryAgain(socket, remaining);
  }

  #tryAgain(socket: OwnedFd, remaining: number): void {
    this.#timer = setTimeout(() => this.#try(socket), Math.min(this.#pause.next(), remaining));
    if (!this.#refed) this.#timer.unref();
  }

  #fail(error: Error): void {
    this.cancel();
    this.#owner.failed(error);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#target[Symbol.dispose]();
    this.#stopListening?.();
  }
}
