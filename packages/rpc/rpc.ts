import { describeValue, type OptionNames, requireMethods, requireOptions } from '../binding';
import {
  abortError,
  asError,
  type FdFrame,
  type FdSocket,
  onAbort,
  signalOf,
  takeOver,
  throwIfAborted,
} from '../stream';
import { closedError, unsentError } from './closed-error';
import { orForeign } from './foreign-peer';
import { discard } from './discard';
import { type CloseOptions, type Framed, messagesOf, timeoutOf } from './framed';
import { handlersOf } from './handlers-of';
import { Intake } from './intake';
import { ofCall, requireName } from './of-call';
import { OwnCall } from './own-call';
import { type ReceivedPart, RemoteItems } from './remote-items';
import { RpcError } from './rpc-error';
import type { CallOptions, Handler, Handlers, Rpc, RpcOptions } from './rpc-types';
import { sendMeasured } from './send-measured';
import { DEFAULT_MAX_PENDING, mostRunning, requireListeners, Serving } from './serving';
import { closeGiven } from './values/given';
import { jsonValues, type ReceivedValue } from './values/json-values';
import { refuseMessage } from './values/unpack';
import { areWithin } from './values/within';

const OPTIONS: OptionNames<RpcOptions> = {
  maxLength: true,
  maxDepth: true,
  maxPending: true,
  maxHeldFds: true,
  onNotificationError: true,
  onHandlerError: true,
};

/**
 * Calls in both directions over a socket, which it takes over: close the result instead. Values are JSON that may hold an
 * `OwnedFd` anywhere, or `give(fd)`.
 *
 * @typeParam Remote the handlers of the peer, such as `typeof handlers`
 * @param handlers by name; own properties only, so that no other function can be called
 * @throws TypeError and RangeError for arguments; ERR_FD_MODE where the socket was taken over already, or is read in another
 * way, which goes on as it was
 */
export function rpc<
  Remote extends Handlers<Remote> = Readonly<Record<string, Handler>>,
  Local extends Handlers<Local> = Readonly<Record<string, Handler>>,
>(socket: FdSocket, handlers?: Local, options: RpcOptions = {}): Rpc<Remote> {
  requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['forEachFrame', 'send']);
  const connection: Rpc = new Connection(socket, handlers ?? {}, options);
  return connection;
}

type Members = Readonly<Record<string, unknown>>;

class Connection implements Rpc {
  readonly socket: FdSocket;
  readonly closed: Promise<void>;
  readonly #messages: Framed<ReceivedValue, unknown>;
  readonly #serving: Serving;
  readonly #intake: Intake;
  readonly #maxPending: number;
  /** Our calls, by id. */
  readonly #calls = new Map<unknown, OwnCall>();
  #lastId = 0;
  /** Why no call can be made any more. */
  #over: Error | undefined;
  /** Whether close() was called, so that nothing of the peer's is for anybody any more. */
  #closing = false;
  /** What broke the connection. */
  #broken: Error | undefined;

  constructor(socket: FdSocket, handlers: Handlers, options: RpcOptions) {
    requireOptions('rpc()', options, OPTIONS);
    const { maxLength, maxDepth } = options;
    const codec = jsonValues({ maxLength, maxDepth });
    const most = mostRunning(options);
    const methods = handlersOf(handlers);
    requireListeners(options);
    // All arguments are right: until here the socket is as it was.
    const reading = socket[takeOver]('rpc()');
    this.socket = socket;
    this.#messages = messagesOf(reading, socket, codec);
    this.#intake = new Intake(socket, most, () => this.#calls.size > 0);
    const answer = (message: object): Promise<void> => {
      try {
        return this.#intake.answering(sendMeasured(socket, codec, message));
      } catch (error) {
        return Promise.reject(asError(error));
      }
    };
    this.#serving = new Serving(this, handlers, methods, answer, this.#intake, options);
    this.#maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
    this.closed = this.#whenClosed();
    this.closed.catch(() => undefined);
    void reading
      .forEachFrame((frame) => this.#receive(codec.decode(frame), frame), codec)
      .then(
        () => this.#peerEnded(),
        (error: unknown) => this.#break(asError(error)),
      );
  }

  call(method: string, params?: unknown, options?: CallOptions): Promise<never> {
    let signal: AbortSignal | undefined;
    try {
      requireName(method);
      signal = signalOf('call()', options);
      throwIfAborted(signal);
      if (this.#over !== undefined) throw unsentError('call', this.#over);
      if (this.#calls.size >= this.#maxPending)
        throw new RpcError('ERR_RPC_BUSY', `${this.#calls.size} calls wait for an answer; nothing was sent`);
    } catch (error) {
      closeGiven(params);
      return Promise.reject(asError(error));
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const stopListening = signal && onAbort(signal, () => this.#cancel(id, call, abortError(signal)));
      const call: OwnCall = new OwnCall(resolve as (outcome: unknown) => void, stopListening);
      this.#calls.set(id, call);
      this.#intake.reconsider();
      this.#messages.send({ id, method, params }).catch((error: unknown) => {
        this.#calls.delete(id);
        call.fail(ofCall('call', method, error, { params }));
      });
    });
  }

  notify(method: string, params?: unknown): Promise<void> {
    try {
      requireName(method);
      if (this.#over !== undefined) throw unsentError('notification', this.#over);
    } catch (error) {
      closeGiven(params);
      return Promise.reject(asError(error));
    }
    return this.#messages.send({ method, params }).catch((error: unknown) => {
      throw ofCall('call', method, error, { params });
    });
  }

  close(options?: CloseOptions): Promise<void> {
    try {
      timeoutOf(options);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    this.#closing = true;
    const closing = this.#messages.close(options);
    this.#stop(closedError('close() was called'));
    return closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @returns a promise where reading has to wait */
  #receive({ value, fds }: ReceivedValue, frame: FdFrame): void | Promise<void> {
    // Whoever it answers, or asks for something, has been told that the connection is over.
    if (this.#closing) {
      discard(this.socket, fds, frame.range);
      return;
    }
    const invalid = (what: string): never => refuseMessage(frame, fds, what);
    if (typeof value !== 'object' || value === null) return invalid('it is no object');
    const message = value as Members;
    const { id, method } = message;
    if (typeof method === 'string') {
      if (id !== undefined && !Number.isSafeInteger(id)) invalid('the id of a call is an integer');
      if (this.#serving.get(id) !== undefined)
        invalid(`the id of call ${String(id)}, which is not answered, is used again`);
      return this.#serving.serve(id as number | undefined, method, message['params'], fds, frame);
    }
    if (message['cancel'] !== undefined || message['pull'] !== undefined) {
      if (fds.length > 0) invalid('no descriptor goes with it');
      // A call that was answered meanwhile is not there any more.
      this.#serving.cancel(message['cancel']);
      this.#serving.get(message['pull'])?.want(message['count']);
      return;
    }
    const call = this.#calls.get(id);
    if (call === undefined)
      return invalid(`it answers call ${describeValue(id)}, which was not made, or is answered already`);
    // Whoever gets a part of the message closes the descriptors in that part.
    const { range } = frame;
    const partOf = (part: unknown): ReceivedPart =>
      areWithin(fds, part) ? { value: part, fds, range } : invalid('a descriptor of it is not in what it answers');
    const { error } = message;
    if (message['iterator'] === true) {
      partOf(undefined);
      if (!call.begin(this.#itemsOf(id))) invalid('it begins an iterator again');
    } else if (Object.hasOwn(message, 'item')) {
      if (!call.item(partOf(message['item']))) invalid('it has an item that was not asked for');
    } else if (error === undefined) {
      const { value: result } = partOf(message['result']);
      this.#calls.delete(id);
      if (!call.succeed(result)) discard(this.socket, fds, range);
    } else {
      partOf((Object(error) as Members)['data']);
      this.#calls.delete(id);
      if (!call.refuse(error)) discard(this.socket, fds, range);
    }
  }

  #itemsOf(id: unknown): RemoteItems {
    return new RemoteItems(
      (count) => this.#tell({ pull: id, count }),
      () => this.#tell({ cancel: id }),
      ({ fds, range }) => discard(this.socket, fds, range),
    );
  }

  #cancel(id: number, call: OwnCall, reason: Error): void {
    call.abandon(reason);
    // It may be answered, and items of it wait here.
    if (this.#calls.has(id)) this.#tell({ cancel: id });
  }

  /** Where it cannot be sent, the connection has ended. */
  #tell(message: Members): void {
    this.#messages.send(message).catch(() => undefined);
  }

  /** Nothing more comes from the peer; what it asked for is still answered. */
  #peerEnded(): void {
    this.#fail(closedError());
    this.#intake.peerEnded();
    this.#serving.whenIdle(() => this.socket.end());
  }

  #break(error: Error): void {
    this.#broken ??= orForeign(error, this.socket);
    this.socket.destroy(error);
  }

  #whenClosed(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const onClose = (): void => {
        this.#stop(this.#broken ?? closedError(socket.readableEnded ? undefined : 'the connection is closed'));
        this.#serving.closeUntaken();
        if (this.#broken === undefined) resolve();
        else reject(this.#broken);
      };
      socket.on('error', (error) => (this.#broken ??= orForeign(error, socket)));
      if (socket.closed) onClose();
      else socket.once('close', onClose);
    });
  }

  #stop(reason: Error): void {
    this.#fail(reason);
    this.#serving.cancelAll();
  }

  #fail(reason: Error): void {
    this.#over ??= reason;
    for (const call of this.#calls.values()) call.fail(this.#over);
    this.#calls.clear();
  }
}
