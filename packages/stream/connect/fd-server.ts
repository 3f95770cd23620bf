import { EventEmitter } from 'eventemitter3';
import {
  type BoundAddress,
  type ListenerHandle,
  type ListeningBinding,
  OwnedFd,
  type SocketBinding,
  systemError,
} from '../../binding';
import { FdSocket, type FdSocketOptions } from '../socket/fd-socket';
import { Fifo } from '../fifo';
import { receiveLimits } from '../socket/options';
import type { ReceiveLimits } from '../receive/inbox';
import { asError } from '../abort';

export interface ListenOptions extends FdSocketOptions {
  /** Closes the server. */
  signal?: AbortSignal;
  /** Connections the kernel holds before they are accepted; default 511, as in net. */
  backlog?: number;
}

interface ServerEvents {
  connection: (socket: FdSocket) => void;
  error: (error: Error) => void;
  close: () => void;
}

type Listener<E extends keyof ServerEvents> = EventEmitter.EventListener<ServerEvents, E>;

interface Waiter {
  /** Whose next() it is. */
  readonly iterator: AsyncIterator<FdSocket>;
  resolve(result: IteratorResult<FdSocket, undefined>): void;
  reject(error: Error): void;
}

const DONE: IteratorResult<FdSocket, undefined> = { done: true, value: undefined };
// Out of descriptors or memory, here or in the whole system: the connection keeps waiting in the backlog.
const TRY_AGAIN_LATER = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
const PAUSE_MS = 100;

/**
 * A listening Unix socket. Connections come as 'connection' events or, without a listener for these, from
 * `for await (const socket of server)`; until either exists the kernel's backlog holds them. Whoever receives a socket
 * owns it: closing the server does not close it.
 */
export class FdServer extends EventEmitter<ServerEvents> implements AsyncIterable<FdSocket>, AsyncDisposable {
  /** Where it listens; undefined for an inherited socket without a name. */
  readonly address: BoundAddress | undefined;
  readonly #binding: SocketBinding;
  readonly #options: ListenOptions;
  readonly #limits: ReceiveLimits;
  readonly #handle: ListenerHandle;
  readonly #unbind: () => void;
  readonly #waiters = new Fifo<Waiter>();
  /** Accepted, and not taken yet: one wake-up may bring more connections than were waited for. */
  readonly #accepted = new Fifo<FdSocket>();
  #failure: Error | undefined;
  #pause: NodeJS.Timeout | undefined;
  #listening = true;
  #warned = false;
  readonly #onAbort = (): void => this.#closeUnasked();

  /**
   * Takes over the listening socket; on failure it stays with the caller. Without an address, that of the socket is looked up.
   * @internal Use listen().
   */
  constructor(
    binding: SocketBinding & ListeningBinding,
    socket: OwnedFd,
    address: BoundAddress | undefined,
    options: ListenOptions,
    unbind: () => void,
  ) {
    super();
    this.#binding = binding;
    this.#options = options;
    this.#limits = receiveLimits(options);
    this.#unbind = unbind;
    this.#handle = binding.openListener(socket, {
      connection: (accepted) => this.#connected(accepted),
      failed: (error) => this.#failed(error),
    });
    this.address = address ?? binding.localAddress(this.#handle.fd);
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  get listening(): boolean {
    return this.#listening;
  }

  ref(): this {
    this.#handle.ref();
    return this;
  }

  unref(): this {
    this.#handle.unref();
    return this;
  }

  override on<E extends keyof ServerEvents>(event: E, listener: Listener<E>): this {
    super.on(event, listener);
    if (event === 'connection') this.#serve();
    return this;
  }

  override addListener<E extends keyof ServerEvents>(event: E, listener: Listener<E>): this {
    return this.on(event, listener);
  }

  override once<E extends keyof ServerEvents>(event: E, listener: Listener<E>): this {
    super.once(event, listener);
    if (event === 'connection') this.#serve();
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<FdSocket> {
    let finished = false;
    const iterator: AsyncIterableIterator<FdSocket> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => (finished ? Promise.resolve(DONE) : this.#next(iterator)),
      return: () => {
        finished = true;
        for (const waiter of [...this.#waiters].filter((each) => each.iterator === iterator)) {
          this.#waiters.remove(waiter);
          waiter.resolve(DONE);
        }
        this.#serve();
        return Promise.resolve(DONE);
      },
    };
    return iterator;
  }

  /**
   * Stops listening, removes the path it bound while that is still its own, ends the iterators, and destroys connections
   * that nobody took. Does nothing the second time. Rejects when the path cannot be removed; it is closed all the same.
   */
  close(): Promise<void> {
    // What the executor throws is a rejection.
    return new Promise((resolve) => {
      this.#closeNow();
      resolve();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closeNow(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#pause);
    try {
      this.#unbind();
    } finally {
      this.#handle.close();
      for (const socket of this.#accepted.clear()) socket.destroy();
      for (const waiter of this.#waiters.clear()) waiter.resolve(DONE);
      this.emit('close');
    }
  }

  #next(iterator: AsyncIterator<FdSocket>): Promise<IteratorResult<FdSocket, undefined>> {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (!this.#listening) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ iterator, resolve, reject });
      this.#serve();
    });
  }

  /** Hands out what is accepted, and accepts exactly while somebody waits for more. */
  #serve(): void {
    while (this.#accepted.length > 0 && this.#listening) {
      const toListeners = this.listenerCount('connection') > 0;
      if (!toListeners && this.#waiters.length === 0) break;
      const socket = this.#accepted.shift();
      if (socket === undefined) break;
      if (toListeners) this.emit('connection', socket);
      else this.#waiters.shift()?.resolve({ done: false, value: socket });
    }
    const wanted = this.listenerCount('connection') > 0 || this.#waiters.length > 0;
    if (this.#listening && this.#pause === undefined) this.#handle.accept(wanted);
  }

  #connected(accepted: OwnedFd): void {
    try {
      this.#accepted.push(new FdSocket(this.#binding, accepted, this.#options, this.#limits));
    } catch (error) {
      OwnedFd.closeAll([accepted]);
      this.#report(asError(error));
      return;
    }
    this.#serve();
  }

  #failed(error: string): void {
    const failure = systemError(error, 'accept');
    if (TRY_AGAIN_LATER.has(error)) {
      this.#pause = setTimeout(() => {
        this.#pause = undefined;
        this.#serve();
      }, PAUSE_MS);
      this.#report(failure);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.reject(failure);
    else if (this.listenerCount('error') > 0) this.emit('error', failure);
    else this.#failure = failure;
    this.#closeUnasked();
  }

  #closeUnasked(): void {
    this.close().catch((error: unknown) => this.#report(asError(error)));
  }

  /** Reports an error that the server survives. eventemitter3 drops an 'error' without a listener, so it warns then. */
  #report(error: Error): void {
    if (this.emit('error', error) || this.#warned) return;
    this.#warned = true;
    process.emitWarning(`a server met ${error.message}; listen to its 'error' to hear of the next`, {
      type: 'AncillaryWarning',
      code: 'ANCILLARY_SERVER',
    });
  }
}
