import { type OptionNames, requireOptions } from '../binding';
import { contentLength } from '../codec';
import { type FdSocket, immediate } from '../stream';
import { type Disposable, Emitter, type Event } from './frameworks/emitter';
import type { Kind, Message } from './frameworks/receiver';
import { ValueChannel } from './frameworks/value-channel';
import { IN_ONE_TURN } from './intake';
import { DEFAULT_MAX_LENGTH, jsonValues } from './values/json-values';

export type { Disposable, Event };

// The types of vscode-jsonrpc, as far as they are needed: so the declarations do not depend on which version there is.

/** A message of JSON-RPC. */
export interface JsonRpcMessage {
  jsonrpc: string;
}

/** A `MessageReader` of vscode-jsonrpc. */
export interface FdMessageReader extends Disposable {
  readonly onError: Event<Error>;
  readonly onClose: Event<void>;
  readonly onPartialMessage: Event<{ readonly messageToken: number; readonly waitingTime: number }>;
  listen(callback: (message: JsonRpcMessage) => void): Disposable;
}

/** A `MessageWriter` of vscode-jsonrpc. */
export interface FdMessageWriter extends Disposable {
  readonly onError: Event<[Error, JsonRpcMessage | undefined, number | undefined]>;
  readonly onClose: Event<void>;
  write(message: JsonRpcMessage): Promise<void>;
  end(): void;
}

/** `createMessageConnection` of vscode-jsonrpc. */
export type CreateMessageConnection<Connection, Logger, Options> = (
  reader: FdMessageReader,
  writer: FdMessageWriter,
  logger?: Logger,
  options?: Options,
) => Connection;

export interface FdMessageConnectionOptions<Logger = unknown, Options = unknown> {
  /** The longest message, in bytes, that is received or sent; default 1 MiB. */
  maxLength?: number | undefined;
  /** For `createMessageConnection`. */
  logger?: Logger | undefined;
  /** `ConnectionOptions` for `createMessageConnection`. */
  connection?: Options | undefined;
}

const OPTIONS: OptionNames<FdMessageConnectionOptions> = { maxLength: true, logger: true, connection: true };

/** A header field that a peer without descriptors passes over. */
const COUNT_FIELD = 'Fd-Count';

/** JSON-RPC 2.0, 5.1. */
const INTERNAL_ERROR = -32603;
/** LSP 3.17, `ErrorCodes`. */
const REQUEST_CANCELLED = -32800;
/** LSP 3.17, Cancellation Support. */
const CANCEL = '$/cancelRequest';

/** What of `ConnectionOptions` matters here. */
interface ConnectionOptions {
  readonly messageStrategy?: Strategy;
  /** Handlers that run at the same time; -1 for any number. */
  readonly maxParallelism?: number;
}

/** `messageStrategy` of `ConnectionOptions`: called with each message as its turn comes. */
interface Strategy {
  handleMessage(message: JsonRpcMessage, next: (message: JsonRpcMessage) => unknown): unknown;
}

/**
 * A connection of vscode-jsonrpc over a socket, in whose messages values may hold an `OwnedFd`, or `give(fd)`, anywhere.
 * Messages are those of the Language Server Protocol, so that a peer without descriptors understands them.
 *
 * The descriptors of a request are closed when its answer was sent, those of a notification when its handler is done, and all
 * when the socket is closed, unless `take()` was called; those of a result are the caller's.
 *
 * @param create `createMessageConnection` of `vscode-jsonrpc` or `vscode-jsonrpc/node`
 * @param socket is taken over; what breaks the connection is told by `onError`, and then `onClose`
 * @throws TypeError and RangeError for arguments; ERR_FD_MODE while the socket is read in another way, which goes on
 */
export function fdMessageConnection<Connection, Logger, Options>(
  create: CreateMessageConnection<Connection, Logger, Options>,
  socket: FdSocket,
  options: FdMessageConnectionOptions<Logger, Options> = {},
): Connection {
  requireOptions('fdMessageConnection()', options, OPTIONS);
  const { maxLength = DEFAULT_MAX_LENGTH, logger, connection } = options;
  const transport = new Transport(socket, maxLength, connection ?? {});
  return create(transport.reader, transport.writer, logger, { ...connection, messageStrategy: transport } as Options);
}

class Transport implements Strategy {
  readonly #channel: ValueChannel;
  readonly #strategy: Strategy | undefined;
  readonly #failed = new Emitter<Error>();
  readonly #closed = new Emitter<void>();
  /** Messages whose turn has not come: calls by their ids, others by themselves. */
  readonly #waiting = new Map<unknown, Message>();
  #callback: ((message: JsonRpcMessage) => void) | undefined;
  #disposed = false;
  readonly #limitsParallelism: boolean;

  constructor(socket: FdSocket, maxLength: number, { messageStrategy, maxParallelism }: ConnectionOptions) {
    this.#strategy = messageStrategy;
    this.#limitsParallelism = maxParallelism !== undefined && maxParallelism !== -1;
    const frames = contentLength({ maxLength, countField: COUNT_FIELD });
    this.#channel = new ValueChannel(socket, jsonValues({ frames }), {
      name: 'fdMessageConnection()',
      kindOf,
      nameOf: ({ method }) => method,
      // It is for the peer's calls, not one of them: that they are cancelled, or have come so far (LSP 3.17, `$ Notifications`).
      isUrgent: ({ method, id }) => id === undefined && typeof method === 'string' && method.startsWith('$/'),
      cancels: ({ method, params }) => (method === CANCEL ? (params as { id?: unknown }).id : undefined),
      refuses,
      // Its own takes one message a turn, and looks at no answer that waits to be sent.
      queue: { isFull: () => this.#waiting.size >= IN_ONE_TURN, getsShorter: !this.#limitsParallelism },
      receive: (message, kind) => this.#receive(message, kind),
      failure: (id, error) => ({ jsonrpc: '2.0', id, error: errorOf(error) }),
      ended: (error) => {
        if (error !== undefined) this.#failed.fire(error);
        this.#closed.fire();
      },
      closed: () => this.#catchUp(),
      lostInterest: (id) => this.#cancel(id),
    });
  }

  get reader(): FdMessageReader {
    return {
      onError: this.#failed.event,
      onClose: this.#closed.event,
      // Nothing comes of it in parts.
      onPartialMessage: new Emitter<never>().event,
      listen: (callback) => {
        this.#callback = callback;
        this.#channel.listen();
        return { dispose: () => this.#dispose() };
      },
      dispose: () => this.#dispose(),
    };
  }

  get writer(): FdMessageWriter {
    return {
      // What cannot be sent is told by write(), and what breaks the connection by the reader.
      onError: new Emitter<never>().event,
      onClose: new Emitter<never>().event,
      write: (message) => this.#write(message as JsonRpcMessage & Message),
      end: () => this.#channel.socket.end(),
      dispose: () => undefined,
    };
  }

  handleMessage(message: JsonRpcMessage, next: (message: JsonRpcMessage) => unknown): unknown {
    const received = message as JsonRpcMessage & Message;
    const kind = kindOf(received);
    this.#waiting.delete(keyOf(received, kind));
    const handled = this.#handle(message, next);
    if (kind !== undefined && 'answer' in kind) this.#channel.claim(received);
    else if (isThenable(handled))
      void Promise.resolve(handled).then(...bothWays(() => this.#channel.release(received)));
    // Before version 9 nothing tells when a handler is done but the answer.
    else if (kind === undefined) this.#channel.release(received);
    return handled;
  }

  #handle(message: JsonRpcMessage, next: (message: JsonRpcMessage) => unknown): unknown {
    try {
      return this.#strategy === undefined ? next(message) : this.#strategy.handleMessage(message, next);
    } finally {
      this.#channel.begun();
    }
  }

  #write(message: Message): Promise<void> {
    const kind = kindOf(message);
    // One that was cancelled may be answered before its turn.
    if (kind !== undefined && 'answer' in kind) this.#waiting.delete(kind.answer);
    return this.#channel.send(message);
  }

  #receive(message: Message, kind: Kind): void {
    if (this.#disposed) {
      this.#channel.release(message);
      return;
    }
    // Where it limits how many handlers run, it has answers wait for none.
    const isHandledAtOnce = this.#limitsParallelism && kind !== undefined && 'answer' in kind;
    if (!isHandledAtOnce) this.#waiting.set(keyOf(message, kind), message);
    this.#callback?.(message as JsonRpcMessage & Message);
    if (isHandledAtOnce) this.#channel.claim(message);
  }

  /** What came before the end is begun before its descriptors are closed. Each takes a turn of the event loop. */
  async #catchUp(): Promise<void> {
    if (this.#limitsParallelism) return;
    for (let turns = 2 * this.#waiting.size; turns > 0 && this.#waiting.size > 0; turns--)
      await new Promise<void>((resolve) => immediate(resolve));
  }

  /** As if the peer had cancelled it. */
  #cancel(id: unknown): void {
    const message = { jsonrpc: '2.0', method: CANCEL, params: { id } };
    if (!this.#disposed) this.#callback?.(message);
  }

  /** Requests whose handlers run keep their descriptors until they are answered. */
  #dispose(): void {
    this.#disposed = true;
    for (const message of this.#waiting.values()) this.#channel.release(message);
    this.#waiting.clear();
    this.#channel.begun();
  }
}

/** What vscode-jsonrpc takes for no message, or throws at. */
function refuses({ method, id, params }: Message): string | undefined {
  if (typeof method !== 'string') return undefined;
  // LSP 3.17, Cancellation Support: an id is a number or a string.
  const isCancel = method === CANCEL && id === undefined;
  if (isCancel && !isId((Object(params) as Message)['id'])) return 'it cancels no call';
  return id === undefined || isId(id) ? undefined : 'the id of a call is a number or a string';
}

function isId(id: unknown): boolean {
  return typeof id === 'number' || typeof id === 'string';
}

function kindOf({ method, id, error, result }: Message): Kind {
  if (typeof method === 'string') return id === undefined ? undefined : { call: id };
  // An error about what could not be read belongs to no call.
  if (id === null) return undefined;
  return { answer: id, gets: isTruthy(error) ? (error as { data?: unknown }).data : result };
}

function keyOf(message: Message, kind: Kind): unknown {
  return kind !== undefined && 'call' in kind ? kind.call : message;
}

function errorOf({ message, code }: Error & { readonly code?: unknown }): object {
  return { code: code === 'ABORT_ERR' ? REQUEST_CANCELLED : INTERNAL_ERROR, message };
}

/** As the framework asks whether there is an error. */
function isTruthy(value: unknown): boolean {
  return Boolean(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

function bothWays(then: () => void): [() => void, () => void] {
  return [then, then];
}
