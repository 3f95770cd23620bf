import type { ByteRange } from '../binding';
import type { RemoteItems as Items } from './rpc-types';
import type { ReceivedValue } from './values/json-values';

/** A part of a message, and where that stood in the stream. */
export interface ReceivedPart extends ReceivedValue {
  readonly range: ByteRange;
}

/** So many items are on their way at most, or wait here. */
const WINDOW = 16;

type Step = IteratorResult<unknown, unknown>;

const done = (): Step => ({ done: true, value: undefined });

/**
 * The items of an async iterator of the peer's, in order, and then how it ended. The peer sends as many as it was asked
 * for: at most {@link WINDOW} are here unread.
 */
export class RemoteItems implements Items<unknown> {
  readonly #pull: (count: number) => void;
  readonly #cancel: () => void;
  readonly #discard: (part: ReceivedPart) => void;
  readonly #items: ReceivedPart[] = [];
  readonly #waiting: ((step: Step | Promise<never>) => void)[] = [];
  /** Items that were asked for and did not come. */
  #awaited = 0;
  /** How it ended, until that was told. */
  #end: (() => Step | Promise<never>) | undefined;
  /** Called once nobody can learn of it any more. */
  whenOver: (() => void) | undefined;

  /**
   * @param pull asks for so many more
   * @param cancel tells the peer that no more is wanted
   * @param discard closes the descriptors of what nobody gets
   */
  constructor(pull: (count: number) => void, cancel: () => void, discard: (part: ReceivedPart) => void) {
    this.#pull = pull;
    this.#cancel = cancel;
    this.#discard = discard;
  }

  next(): Promise<Step> {
    const item = this.#items.shift();
    const end = this.#end;
    if (item === undefined && end !== undefined) {
      this.#over();
      return Promise.resolve(end());
    }
    const step = item === undefined ? undefined : Promise.resolve<Step>({ done: false, value: item.value });
    this.#ask();
    return step ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<Step> {
    if (this.#end === undefined) this.#cancel();
    this.drop(done);
    this.#over();
    return Promise.resolve(done());
  }

  /** @returns whether it was asked for */
  receive(item: ReceivedPart): boolean {
    if (this.#awaited === 0) return false;
    this.#awaited--;
    const waiting = this.#waiting.shift();
    if (this.#end !== undefined) this.#discard(item);
    else if (waiting === undefined) this.#items.push(item);
    else {
      waiting({ done: false, value: item.value });
      this.#ask();
    }
    return true;
  }

  /** How it ended is told to whoever waits, or after the items that are here. */
  end(end: () => Step | Promise<never>): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const [first, ...others] = this.#waiting.splice(0);
    if (first === undefined) return;
    this.#over();
    first(end());
    for (const each of others) each(done());
  }

  /** Without the items that are here, and without how it ended if nobody was told. */
  drop(end: () => Step | Promise<never>): void {
    for (const item of this.#items.splice(0)) this.#discard(item);
    if (this.#end === undefined) this.end(end);
    else if (this.#end !== done) this.#end = end;
  }

  #over(): void {
    this.#end = done;
    this.whenOver?.();
    this.whenOver = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** In halves, so that not every item costs a message. */
  #ask(): void {
    const room = WINDOW - this.#awaited - this.#items.length;
    if (this.#end !== undefined || room < WINDOW / 2) return;
    this.#awaited += room;
    this.#pull(room);
  }
}
