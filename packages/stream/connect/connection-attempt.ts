import type { BoundAddress, ListeningBinding, OwnedFd, SocketBinding } from '../../binding';
import { abortError, asError, onAbort } from '../abort';
import { GrowingPause } from '../growing-pause';
import { Peer } from '../socket/peer';
import { addressError, showAddress } from './address';
import { askUser } from './ask-user';
import type { ConnectOptions } from './connect-options';
import { type Expectation, meets, notExpected } from './expectation';
import { PinnedAddress } from './pinned-address';

// A full backlog: connect(2) on a non-blocking Unix socket refuses at once, and poll(2) cannot wait for room
// (docs/kernel.md 28).
const BACKLOG_FULL = 'EAGAIN';
const NOT_THERE_YET = new Set(['ENOENT', 'ECONNREFUSED']);

/** Who learns how an attempt went: of one of the two, once, and of none after `cancel()`. */
export interface Attempting {
  /** The receiver of the socket owns it, and closes the peer with it, where that was asked for already. */
  connected(socket: OwnedFd, peer?: Peer): void;
  failed(error: Error): void;
}

/**
 * Connects to an address: at once where it can, or else again and again, until the signal aborts or the time is over. May
 * be over before {@link start} returns.
 */
export class ConnectionAttempt {
  readonly #binding: SocketBinding & ListeningBinding;
  readonly #target: PinnedAddress;
  readonly #options: ConnectOptions;
  readonly #owner: Attempting;
  #socket: OwnedFd | undefined;
  #peer: Peer | undefined;
  #deadline = Infinity;
  readonly #pause = new GrowingPause();
  #timer: NodeJS.Timeout | undefined;
  #refed = true;
  #stopListening: (() => void) | undefined;

  constructor(
    binding: SocketBinding & ListeningBinding,
    target: BoundAddress,
    options: ConnectOptions,
    owner: Attempting,
  ) {
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
      // Before the server can send any.
      if (this.#options.receiveFds === false) this.#binding.refuseFds(this.#socket);
      this.#try(this.#socket);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  /** Gives up and tells nobody. */
  cancel(): void {
    this.#stop();
    this.#peer?.close();
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
    const { retry = false, expect } = this.#options;
    if (refusal === undefined) {
      if (expect === undefined) this.#arrived(socket);
      else this.#check(socket, expect);
      return;
    }
    const { given } = this.#target;
    const error = addressError(refusal, 'connect', given);
    const remaining = this.#deadline - performance.now();
    if (refusal !== BACKLOG_FULL && !(retry && NOT_THERE_YET.has(refusal))) this.#fail(error);
    else if (remaining <= 0) this.#tooLate({ cause: error });
    else this.#later(Math.min(this.#pause.next(), remaining), () => this.#try(socket));
  }

  /** Looks who listens there, before the socket can send or read. */
  #check(socket: OwnedFd, expect: Expectation): void {
    let peer: Peer;
    try {
      peer = new Peer(this.#binding.peers, () => socket.fd);
    } catch (error) {
      this.#fail(asError(error));
      return;
    }
    this.#peer = peer;
    const told = (answer: boolean | Error): void => {
      // It was given up meanwhile.
      if (this.#socket === undefined) return;
      if (answer === true) this.#arrived(socket, peer);
      else this.#fail(notExpected(expect, peer, this.#target.given, answer === false ? undefined : answer));
    };
    askUser('expect()', () => meets(expect, peer), told);
    if (this.#socket === undefined || this.#deadline === Infinity) return;
    this.#later(Math.max(0, this.#deadline - performance.now()), () => this.#tooLate());
  }

  #arrived(socket: OwnedFd, peer?: Peer): void {
    this.#stop();
    this.#socket = undefined;
    this.#peer = undefined;
    this.#owner.connected(socket, peer);
  }

  #later(milliseconds: number, act: () => void): void {
    this.#timer = setTimeout(act, milliseconds);
    if (!this.#refed) this.#timer.unref();
  }

  #tooLate(options?: ErrorOptions): void {
    const { given } = this.#target;
    const detail = `${showAddress(given)}, after ${this.#options.timeout} ms`;
    this.#fail(addressError('ETIMEDOUT', 'connect', given, detail, options));
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
