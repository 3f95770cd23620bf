import { describeValue, invalidType, outOfRange, OwnedFd, requireObject } from '../binding';
import { asError, nextTick } from '../stream';
import { RpcError } from './rpc-error';
import type { Handler, Handlers, Rpc, RpcOptions } from './rpc-types';
import { RunningCall } from './running-call';
import { closeGiven } from './values/given';

/** What of {@link RpcOptions} concerns the calls of the peer. */
export type ServingOptions = Pick<RpcOptions, 'maxPending' | 'maxHeldFds' | 'onNotificationError'>;

/** The calls of the peer: runs their handlers and sends the answers. */
export class Serving {
  readonly #connection: Rpc;
  readonly #send: (message: object) => Promise<void>;
  readonly #handlers: ReadonlyMap<string, Handler>;
  /** What they are called on. */
  readonly #receiver: Handlers;
  readonly #maxPending: number;
  readonly #maxHeldFds: number;
  readonly #onNotificationError: (error: Error, method: string) => void;
  /** By the peer's ids; notifications have none. */
  readonly #running = new Map<unknown, RunningCall>();
  #heldFds = 0;
  #resume: (() => void) | undefined;
  /** Called once nothing runs. */
  #onIdle: (() => void) | undefined;

  /** @throws TypeError and RangeError for handlers and options */
  constructor(connection: Rpc, handlers: Handlers, send: (message: object) => Promise<void>, options: ServingOptions) {
    this.#connection = connection;
    this.#send = send;
    this.#handlers = handlersOf(handlers);
    this.#receiver = handlers;
    this.#maxPending = requireCount('maxPending', options.maxPending ?? DEFAULT_MAX_PENDING);
    this.#maxHeldFds = requireCount('maxHeldFds', options.maxHeldFds ?? DEFAULT_MAX_HELD_FDS);
    this.#onNotificationError = options.onNotificationError ?? warn;
  }

  /** The peer's calls that are not answered yet, by its ids. */
  get(id: unknown): RunningCall | undefined {
    return this.#running.get(id);
  }

  /**
   * @param id none for a notification
   * @param fds those in `params`
   * @returns a promise where reading has to wait
   */
  serve(id: number | undefined, method: string, params: unknown, fds: readonly OwnedFd[]): void | Promise<void> {
    const call = new RunningCall(this.#connection);
    const key = id ?? call;
    this.#running.set(key, call);
    this.#heldFds += fds.length;
    const onAnswer = (): void => {
      // Whoever sent an answer that lends them has sent them, or has copies of them.
      OwnedFd.closeAll(fds);
      this.#heldFds -= fds.length;
    };
    void this.#run(id, method, params, call, onAnswer).then(() => {
      this.#running.delete(key);
      if (!this.#isFull()) this.#resume?.();
      if (this.#running.size === 0) this.#onIdle?.();
    });
    if (this.#isFull()) return new Promise((resolve) => (this.#resume = resolve));
  }

  /** Calls back as soon as all calls are answered, which may be at once. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    if (this.#running.size === 0) callback();
  }

  /** Tells the handlers that nobody waits for them any more. */
  cancelAll(): void {
    for (const call of this.#running.values()) call.cancel();
  }

  #isFull(): boolean {
    return this.#running.size > this.#maxPending || this.#heldFds > this.#maxHeldFds;
  }

  /** Never rejects. */
  async #run(
    id: number | undefined,
    method: string,
    params: unknown,
    call: RunningCall,
    onAnswer: () => void,
  ): Promise<void> {
    let answer: object;
    try {
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw new RpcError('ERR_RPC_METHOD', `there is no method ${describeValue(method)}`);
      const result = await handler.call(this.#receiver, params, call);
      answer = { result: id !== undefined && isAsyncIterable(result) ? await this.#iterate(id, result, call) : result };
    } catch (error) {
      // Apart from here, so that a callback that throws is in the way of nothing.
      if (id === undefined) nextTick(this.#onNotificationError, asError(error), method);
      answer = { error: RpcError.toSend(error) };
    }
    if (id === undefined) closeGiven(answer);
    const sent = id === undefined ? undefined : this.#send({ id, ...answer });
    onAnswer();
    // It may fail alone, for what is in it, and the caller waits for another; or with the connection.
    await sent?.catch((error: unknown) => this.#send({ id, error: RpcError.toSend(error) })).catch(() => undefined);
  }

  /** @returns what the iterator does at its end */
  async #iterate(id: number, iterable: AsyncIterable<unknown>, call: RunningCall): Promise<unknown> {
    await this.#send({ id, iterator: true });
    const iterator = iterable[Symbol.asyncIterator]();
    let step: IteratorResult<unknown, unknown> = { done: false, value: undefined };
    try {
      while (await call.turn()) {
        step = await iterator.next();
        if (step.done === true) return step.value;
        await this.#send({ id, item: step.value });
      }
      return undefined;
    } finally {
      if (step.done !== true) await iterator.return?.();
    }
  }
}

export const DEFAULT_MAX_PENDING = 4096;
const DEFAULT_MAX_HELD_FDS = 256;

/** Own properties only: a peer that asks for `constructor` gets none. */
function handlersOf(handlers: Handlers): ReadonlyMap<string, Handler> {
  requireObject('handlers', handlers);
  for (const [name, handler] of Object.entries<unknown>(handlers)) {
    if (typeof handler !== 'function')
      throw invalidType(`handlers are functions, and ${describeValue(name)} is ${describeValue(handler)}`);
  }
  return new Map(Object.entries(handlers));
}

function requireCount(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw outOfRange(`${name} is a number from 1 up, not ${describeValue(count)}`);
}

function isAsyncIterable(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}

function warn(error: Error, method: string): void {
  const { code } = error as { readonly code?: unknown };
  process.emitWarning(`the notification ${describeValue(method)} failed: ${error.message}`, {
    type: error.name,
    ...(typeof code === 'string' && { code }),
  });
}
