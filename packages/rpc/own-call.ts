import type { ReceivedPart, RemoteItems } from './remote-items';
import { RpcError } from './rpc-error';

/** Resolves the promise of a call, to a rejection too, so that one function is held while it waits. */
type Resolve = (outcome: unknown) => void;

/**
 * A call of ours from when it is sent until its answer has come: also when nobody waits for it any more, for an answer to
 * nobody breaks the protocol.
 */
export class OwnCall {
  #resolve: Resolve | undefined;
  #items: RemoteItems | undefined;
  #stopListening: (() => void) | undefined;

  /** @param stopListening to the signal that cancels it */
  constructor(resolve: Resolve, stopListening: (() => void) | undefined) {
    this.#resolve = resolve;
    this.#stopListening = stopListening;
  }

  /** The answer is an iterator, of which more will come. @returns whether it is the first */
  begin(items: RemoteItems): boolean {
    if (this.#items !== undefined) return false;
    this.#items = items;
    // It may be over there long before it is here.
    items.whenOver = this.#stopListening;
    this.#stopListening = undefined;
    this.#resolve?.(items);
    this.#resolve = undefined;
    return true;
  }

  /** @returns whether it was asked for */
  item(item: ReceivedPart): boolean {
    return this.#items?.receive(item) ?? false;
  }

  /** @returns whether somebody gets it */
  succeed(value: unknown): boolean {
    return this.#end(
      () => value,
      () => ({ done: true, value }),
    );
  }

  fail(error: Error): void {
    const fail = (): Promise<never> => Promise.reject(error);
    this.#end(fail, fail);
  }

  /** @param answer what the peer says is wrong. @returns whether somebody gets what that has */
  refuse(answer: unknown): boolean {
    const fail = (): Promise<never> => failing(answer);
    return this.#end(fail, fail);
  }

  /** Nobody waits any more: what comes of it is closed. */
  abandon(error: Error): void {
    const fail = (): Promise<never> => Promise.reject(error);
    this.#stopListening?.();
    this.#resolve?.(fail());
    this.#resolve = undefined;
    this.#items?.drop(fail);
  }

  #end(outcome: () => unknown, end: Parameters<RemoteItems['end']>[0]): boolean {
    this.#stopListening?.();
    // A loop does not look at what an iterator returns, so its descriptors would stay open.
    const isAwaited = this.#resolve !== undefined;
    this.#resolve?.(outcome());
    this.#resolve = undefined;
    this.#items?.end(end);
    return isAwaited;
  }
}

/** The error is made once somebody waits for this promise: then its stack has who does, by what V8 knows of async functions. */
async function failing(answer: unknown): Promise<never> {
  // Another promise is resolved with this one first, which takes one microtask.
  await Promise.resolve();
  await Promise.resolve();
  throw RpcError.received(answer);
}
