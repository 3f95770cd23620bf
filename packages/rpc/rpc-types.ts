import type { OwnedFd } from '../binding';
import type { FdSocket } from '../stream';
import type { CloseOptions } from './framed';
import type { Sendable } from './sendable';
import type { GivenFd } from './values/given';

/** What a handler is told besides its argument. */
export interface CallContext {
  /** Aborts when the caller cancels the call, and when the connection ends. */
  readonly signal: AbortSignal;
  /** The connection that the call came by, to call back. */
  readonly connection: Rpc;
}

/**
 * A function that peers may call, with one argument. Its result, or what it throws, is the answer; an async iterable
 * that it returns arrives as an async iterator. Descriptors in the argument are closed when the answer is on its way,
 * unless `take()` was called.
 */
export type Handler = {
  // A method, so that what it takes may be narrower than what a peer can send.
  handle(params: unknown, context: CallContext): unknown;
}['handle'];

/** Handlers by name: every property is one, and takes and returns what can be sent. */
export type Handlers<Methods = Readonly<Record<string, Handler>>> = {
  readonly [Name in keyof Methods]: Handler & Sendable<Methods[Name]>;
};

/** What arrives of a value that is sent: what JSON has of it, and an `OwnedFd` for each descriptor. */
export type Received<Value> = unknown extends Value
  ? Value
  : Value extends OwnedFd | GivenFd
    ? OwnedFd
    : Value extends { toJSON(...given: never): infer Json }
      ? Received<Json>
      : Value extends object
        ? { [Name in keyof Value]: Received<Value[Name]> }
        : Value;

/** What may be sent for a value that is to arrive: a descriptor lent, or given away. */
export type Sent<Value> = unknown extends Value
  ? Value
  : Value extends OwnedFd
    ? OwnedFd | GivenFd
    : Value extends object
      ? { [Name in keyof Value]: Sent<Value[Name]> }
      : Value;

/** The items of an async iterator that a handler returned, as they come. Leaving the loop ends the iterator over there. */
export interface RemoteItems<Item, Return = unknown> extends AsyncIterableIterator<Item, Return>, AsyncDisposable {
  next(): Promise<IteratorResult<Item, Return>>;
  return(): Promise<IteratorResult<Item, Return>>;
  [Symbol.asyncIterator](): RemoteItems<Item, Return>;
}

/** What calling a handler gives over there. */
export type Result<Called> = Called extends (...given: never) => infer Returned
  ? Awaited<Returned> extends AsyncIterable<infer Item>
    ? RemoteItems<Received<Item>>
    : Received<Awaited<Returned>>
  : never;

/**
 * The functions of a peer as they are called from here, for a framework that does not know of descriptors:
 * `createBirpc<RemoteFunctions<typeof functions>>()`, `wrap<RemoteFunctions<typeof exposed>>()`. Where a function takes an
 * `OwnedFd`, `give(fd)` is taken too, and what arrives of a result is an `OwnedFd`.
 */
export type RemoteFunctions<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...given: infer Given) => infer Returned
    ? (...given: { [At in keyof Given]: Sent<Given[At]> }) => Promise<Received<Awaited<Returned>>>
    : Received<Functions[Name]>;
};

type Argument<Called> = Called extends (...given: infer Given extends readonly unknown[]) => unknown
  ? Given extends readonly []
    ? [params?: undefined]
    : undefined extends Given[0]
      ? [params?: Sent<Given[0]>]
      : [params: Sent<Given[0]>]
  : never;

export interface CallOptions {
  /** Cancels the call: it rejects at once, and the handler's signal aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** A connection by which both sides may call. `Remote` is the type of the peer's handlers. */
export interface Rpc<Remote extends Handlers<Remote> = Readonly<Record<string, Handler>>> extends AsyncDisposable {
  /** The socket under it, for its credentials and totals. */
  readonly socket: FdSocket;
  /** Settles when the connection is closed: rejects with what broke it. Nothing happens if nobody awaits it. */
  readonly closed: Promise<void>;
  /**
   * Calls a handler of the peer, whose result the caller owns, descriptors included.
   * @throws RpcError with the code of what the handler threw, or `ERR_RPC_METHOD` where there is none of that name; AbortError;
   * ERR_RPC_BUSY; why the connection ended before the answer came; TypeError and RangeError for what cannot be sent, and for its
   * descriptors ERR_FD_CLOSED and ERR_FD_BUSY, which name the member
   */
  call<Name extends keyof Remote & string>(
    method: Name,
    ...given: [...Argument<Remote[Name]>, options?: CallOptions]
  ): Promise<Result<Remote[Name]>>;
  /** Calls a handler without waiting for an answer: resolves when the kernel accepted the message. Errors as `FdSocket.send()`. */
  notify<Name extends keyof Remote & string>(method: Name, ...given: Argument<Remote[Name]>): Promise<void>;
  /**
   * Ends the connection: calls that wait are rejected, handlers that run have their signals aborted; then as `Framed.close()`.
   * @throws TypeError and RangeError for options
   */
  close(options?: CloseOptions): Promise<void>;
}

export interface RpcOptions {
  /** The longest message, in bytes, that is received or sent; default 1 MiB. What is larger goes as a memfd. */
  maxLength?: number | undefined;
  /** How deep a value may be nested; default 256 arrays and objects. */
  maxDepth?: number | undefined;
  /**
   * Calls that wait for an answer at most; default 4096. Of our own, one more rejects with ERR_RPC_BUSY. Of the peer's, with
   * notifications, others wait until one is done; where too many wait, a call is refused with ERR_RPC_BUSY.
   */
  maxPending?: number | undefined;
  /** Descriptors that the peer's running calls hold at most; default 256. Others wait there, as with `maxPending`. */
  maxHeldFds?: number | undefined;
  /** Told what the handler of a notification threw; default a process warning, once for each method. */
  onNotificationError?: ((error: Error, method: string) => void) | undefined;
  /**
   * Told what the handler of a call threw, as it was thrown, and why its result could not be sent; default nobody is. The caller
   * gets no stack. Not told are calls that were cancelled, and those for which there is no handler.
   */
  onHandlerError?: ((error: Error, method: string) => void) | undefined;
}
