import { setImmediate } from 'node:timers';
import { describeValue, invalidType, type ListeningBinding, OwnedFd, type SocketBinding } from '../../binding';
import { abortError, asError, onAbort } from '../abort';
import { socketOpened } from '../diagnostics';
import { type Connecting, ConnectingHandle } from '../socket/connecting-handle';
import { lifetime } from '../socket/byte-duplex';
import { FdSocket } from '../socket/fd-socket';
import type { Peer } from '../socket/peer';
import { type Address, boundAddress } from './address';
import { type ConnectOptions, requireConnectOptions } from './connect-options';
import { ConnectionAttempt } from './connection-attempt';
import { requireInPlace } from './elsewhere';

/**
 * A socket at once, which connects to a listening Unix stream socket: `'connect'` and `'ready'` tell when it has, and
 * `'error'` why it could not. All ways of reading and sending may be used at once, and wait.
 * Options that it does not know, and properties of an address, are passed over: Node's own callers, such as `http.Agent`, give
 * all of theirs. Those of this package alone are refused where they would do nothing.
 * @param onConnect a listener for `'connect'`; it may also come in place of the options
 * @throws TypeError and RangeError for arguments
 */
export function createConnection(
  binding: SocketBinding & ListeningBinding,
  address: Address,
  options?: ConnectOptions | (() => void),
  onConnect?: () => void,
): FdSocket {
  if (typeof options === 'function') return createConnection(binding, address, undefined, options);
  const target = boundAddress(address);
  requireConnectOptions(options ?? {});
  requireInPlace(address, options ?? {});
  requireListener(onConnect);
  const handle = new ConnectingHandle();
  const socket = FdSocket.wrap(binding, handle, options);
  if (onConnect !== undefined) socket.once('connect', onConnect);
  const deferred = new DeferredAttempt(binding, handle, socket);
  handle.waitFor(deferred);
  // Connected or not, who aborts before 'connect' was emitted shall not hear it.
  const { signal, ...others } = options ?? {};
  deferred.start(new ConnectionAttempt(binding, target, others, deferred), signal);
  return socket;
}

/** Tells a socket how an attempt went when the caller has had time to listen: not before the event loop has turned. */
class DeferredAttempt implements Connecting {
  readonly #binding: SocketBinding;
  readonly #handle: ConnectingHandle;
  readonly #socket: FdSocket;
  #attempt: ConnectionAttempt | undefined;
  #connected: OwnedFd | undefined;
  /** Who is at its other end, where that was asked for. */
  #peer: Peer | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #refed = true;
  #stopListening: (() => void) | undefined;

  constructor(binding: SocketBinding, handle: ConnectingHandle, socket: FdSocket) {
    this.#binding = binding;
    this.#handle = handle;
    this.#socket = socket;
  }

  start(attempt: ConnectionAttempt, signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) {
      this.failed(abortError(signal));
      return;
    }
    if (signal !== undefined) this.#stopListening = onAbort(signal, () => this.#socket.destroy(abortError(signal)));
    this.#attempt = attempt;
    attempt.start();
  }

  connected(socket: OwnedFd, peer?: Peer): void {
    this.#connected = socket;
    this.#peer = peer;
    this.#later(() => this.#open(socket));
  }

  failed(error: Error): void {
    this.#later(() => this.#socket.destroy(error));
  }

  ref(): void {
    this.#refed = true;
    this.#attempt?.ref();
    this.#immediate?.ref();
  }

  unref(): void {
    this.#refed = false;
    this.#attempt?.unref();
    this.#immediate?.unref();
  }

  cancel(): void {
    this.#stopListening?.();
    this.#attempt?.cancel();
    clearImmediate(this.#immediate);
    this.#peer?.close();
    if (this.#connected !== undefined) OwnedFd.closeAll([this.#connected]);
  }

  #later(tell: () => void): void {
    this.#immediate = setImmediate(tell);
    if (!this.#refed) this.#immediate.unref();
  }

  #open(socket: OwnedFd): void {
    try {
      this.#handle.open(this.#binding, socket);
    } catch (error) {
      this.#socket.destroy(asError(error));
      return;
    }
    this.#connected = undefined;
    if (this.#peer !== undefined) this.#socket[lifetime].peer = this.#peer;
    this.#peer = undefined;
    this.#stopListening?.();
    if (socketOpened.hasSubscribers) socketOpened.publish({ socket: this.#socket });
    this.#handle.announce(() => {
      this.#socket.emit('connect');
      this.#socket.emit('ready');
    });
  }
}

function requireListener(given: unknown): void {
  if (given === undefined || typeof given === 'function') return;
  throw invalidType(`onConnect is a function, not ${describeValue(given)}`);
}
