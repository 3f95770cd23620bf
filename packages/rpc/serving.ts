import { describeValue, invalidType, type OwnedFd, wrongNumber } from '../binding';
import { asError, type FdFrame, immediate, nextTick } from '../stream';
import { type Arrival, IN_ONE_TURN, type Intake, type Running } from './intake';
import { endIterable, isAsyncIterable } from './iterables';
import { discard } from './discard';
import { ofCall, ofHandler } from './of-call';
import { cancelledError, RpcError } from './rpc-error';
import type { Handler, Handlers, Rpc, RpcOptions } from './rpc-types';
import { RunningCall } from './running-call';
import { closeGiven, closeUngiven, closeUngivenIn, isUngiven } from './values/given';
import { whyNot } from './values/json-kinds';

/** What of {@link RpcOptions} concerns the calls of the peer. */
export type ServingOptions = Pick<RpcOptions, 'onNotificationError' | 'onHandlerError'>;

/** The calls of the peer: runs their handlers and sends the answers. */
export class Serving {
  readonly #connection: Rpc;
  readonly #send: (message: object) => Promise<void>;
  readonly #handlers: ReadonlyMap<string, Handler>;
  /** What they are called on. */
  readonly #receiver: Handlers;
  readonly #intake: Intake;
  readonly #onNotificationError: (error: Error, method: string) => void;
  readonly #onHandlerError: ((error: Error, method: string) => void) | undefined;
  /** By the peer's ids; notifications have none. */
  readonly #running = new Map<unknown, RunningCall>();
  /** Called once nothing runs. */
  #onIdle: (() => void) | undefined;

  /**
   * @param handlers what the methods are called on
   * @param send rejects what cannot be sent
   */
  constructor(
    connection: Rpc,
    handlers: Handlers,
    methods: ReadonlyMap<string, Handler>,
    send: (message: object) => Promise<void>,
    intake: Intake,
    options: ServingOptions,
  ) {
    this.#connection = connection;
    this.#send = send;
    this.#handlers = methods;
    this.#receiver = handlers;
    this.#intake = intake;
    this.#onNotificationError = options.onNotificationError ?? warnOnce(methods);
    this.#onHandlerError = options.onHandlerError;
  }

  /** The peer's calls that are not answered yet, by its ids. */
  get(id: unknown): RunningCall | undefined {
    return this.#running.get(id);
  }

  /**
   * @param id none for a notification
   * @param fds those in `params`
   * @param frame of the whole message
   * @returns a promise where reading has to wait
   */
  serve(
    id: number | undefined,
    method: string,
    params: unknown,
    fds: readonly OwnedFd[],
    { bytes: { length: bytes }, range }: FdFrame,
  ): void | Promise<void> {
    const call = new RunningCall(this.#connection, fds);
    const key = id ?? call;
    const ended = (): void => {
      this.#running.delete(key);
      if (this.#running.size === 0) this.#onIdle?.();
    };
    const arrival: Arrival = {
      fds: fds.length,
      bytes,
      isCall: id !== undefined,
      start: () => {
        const onRun = (): void => this.#intake.answered(arrival);
        void this.#run(id, method, params, call, onRun).then(() => {
          ended();
          this.#intake.done(arrival);
        });
      },
      refuse: (error) => {
        discard(this.#connection.socket, fds, range, error);
        if (id === undefined) nextTick(this.#onNotificationError, error, method);
        else this.#send({ id, error: RpcError.toSend(error) }).catch(() => undefined);
        ended();
      },
    };
    call.arrival = arrival;
    this.#running.set(key, call);
    return this.#intake.take(arrival);
  }

  /** Nobody waits for a call of the peer's any more; one that was not started never is. */
  cancel(id: unknown): void {
    const call = this.#running.get(id);
    call?.cancel();
    if (call?.arrival !== undefined && this.#intake.withdraw(call.arrival)) call.arrival.refuse(cancelledError());
  }

  /** The peer asks for nothing more. Calls back as soon as all calls are answered, which may be at once. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    for (const call of this.#running.values()) call.wantLast();
    if (this.#running.size === 0) callback();
  }

  /** Tells the handlers that nobody waits for them any more. */
  cancelAll(): void {
    this.#intake.close();
    for (const call of this.#running.values()) call.cancel();
  }

  /** The connection is closed: whoever goes on without it has taken what it needs. */
  closeUntaken(): void {
    for (const call of this.#running.values()) call.closeUntaken();
  }

  /** Never rejects. */
  async #run(
    id: number | undefined,
    method: string,
    params: unknown,
    call: RunningCall,
    onRun: () => void,
  ): Promise<void> {
    let answer: object;
    try {
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw new RpcError('ERR_RPC_METHOD', `there is no method ${describeValue(method)}`);
      const result = await handler.call(this.#receiver, params, call);
      if (isUngiven(result)) throw ungiven(method, result);
      answer = { result: isAsyncIterable(result) ? await this.#iterate(id, method, result, call) : result };
    } catch (error) {
      this.#tell(id, method, error, call);
      answer = { error: RpcError.toSend(ofHandler(method, error)) };
    }
    if (id === undefined) {
      closeGiven(answer);
      closeUngivenIn(answer);
    }
    onRun();
    const sent = id === undefined ? undefined : this.#send({ id, ...answer });
    // Whoever sent an answer that lends them has sent them, or has copies of them.
    call.closeUntaken();
    // It may fail alone, for what is in it, and the caller waits for another; or with the connection.
    await sent
      ?.catch((error: unknown) => {
        const fault = ofCall('result', method, error, answer, closeUngivenIn(answer));
        // The connection's own failures are nobody's who wrote the handler.
        if (this.#connection.socket.writable) this.#tell(id, method, fault, call);
        return this.#send({ id, error: RpcError.toSend(fault) });
      })
      .catch(() => undefined);
  }

  /**
   * Apart from here, so that a callback that throws is in the way of nothing. What comes of cancelling is no fault, and looks like
   * many.
   */
  #tell(id: number | undefined, method: string, thrown: unknown, { cancelled }: RunningCall): void {
    const error = asError(thrown);
    if (id === undefined) nextTick(this.#onNotificationError, error, method);
    else if (this.#onHandlerError !== undefined && this.#handlers.has(method) && !cancelled)
      nextTick(this.#onHandlerError, error, method);
  }

  /** @returns what the iterator does at its end */
  async #iterate(
    id: number | undefined,
    method: string,
    iterable: AsyncIterable<unknown>,
    call: RunningCall,
  ): Promise<unknown> {
    let iterator: AsyncIterator<unknown> | undefined;
    let ended = false;
    try {
      if (id === undefined) return undefined;
      await this.#send({ id, iterator: true });
      for (let items = 1; await call.turn(); items++) {
        // A peer that reads as fast as items are sent would keep all others waiting.
        if (items % IN_ONE_TURN === 0) await new Promise<void>((resolve) => immediate(resolve));
        iterator ??= iterable[Symbol.asyncIterator]();
        const step: IteratorResult<unknown, unknown> = await iterator.next();
        ended = step.done === true;
        if (ended) return step.value;
        await this.#send({ id, item: step.value }).catch((error: unknown) => {
          throw ofCall('result', method, error, { item: step.value }, closeUngivenIn(step.value));
        });
      }
      return undefined;
    } finally {
      if (!ended) await endIterable(iterable, iterator);
    }
  }
}

/**
 * What has a descriptor is no value of JSON, and the items of a stream would be its bytes, which nobody means who has a descriptor
 * to send. It is closed, which nobody else would do.
 */
function ungiven(method: string, result: object): Error {
  const why = whyNot(result);
  return ofCall('result', method, invalidType(`result is ${why}; ${closeUngiven(result)}`));
}

export const DEFAULT_MAX_PENDING = 4096;
const DEFAULT_MAX_HELD_FDS = 256;

/** @throws TypeError */
export function requireListeners({ onNotificationError, onHandlerError }: ServingOptions): void {
  for (const [name, listener] of Object.entries<unknown>({ onNotificationError, onHandlerError })) {
    if (listener === undefined || typeof listener === 'function') continue;
    throw invalidType(`${name} is a function of the error and the method, not ${describeValue(listener)}`);
  }
}

/** @throws TypeError and RangeError */
export function mostRunning({ maxPending, maxHeldFds }: RpcOptions): Running {
  return {
    calls: requireCount('maxPending', maxPending ?? DEFAULT_MAX_PENDING),
    fds: requireCount('maxHeldFds', maxHeldFds ?? DEFAULT_MAX_HELD_FDS),
  };
}

function requireCount(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw wrongNumber(`${name} is a number from 1 up`, count);
}

/** Of what a peer does again and again, once for each handler, and once for methods that there are not. */
function warnOnce(handlers: ReadonlyMap<string, Handler>): (error: Error, method: string) => void {
  const warned = new Set<string | undefined>();
  return (error, method) => {
    const which = handlers.has(method) ? method : undefined;
    if (warned.has(which)) return;
    warned.add(which);
    const { code } = error as { readonly code?: unknown };
    process.emitWarning(`the notification ${describeValue(method)} failed: ${error.message} (told once)`, {
      type: error.name,
      ...(typeof code === 'string' && { code }),
    });
  };
}
