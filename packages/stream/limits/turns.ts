import { Fifo } from '../fifo';
import { immediate, microtask, nextTick } from '../later';

/**
 * How many frames and descriptors all sockets together hand out in one turn of the event loop. That takes a millisecond or
 * less, but for what their users do with them.
 */
const IN_ONE_TURN = 8192;
/** Each socket hands out so many, whatever the others do. */
export const LEAST = 16;

/** Who has something to hand out, and is not to in this turn. */
export interface Waiting {
  goOn(): void;
}

/** How the event loop goes on. */
export interface Loop {
  /** Calls back in the next turn of the loop. */
  later(callback: () => void): void;
  /** Calls back when all that waits in microtasks has been done, and what follows from it. */
  afterMicrotasks(callback: () => void): void;
}

const LOOP: Loop = {
  later: (callback) => void immediate(callback),
  afterMicrotasks: (callback) => microtask(() => nextTick(callback)),
};

/**
 * Shares the turns of the event loop out among the sockets that have frames. A loop that takes one frame after the other
 * runs in microtasks, before which nothing else has its turn: a socket full of small frames would keep timers and all other
 * sockets waiting. Who has more than there is room for in a turn stands in line for the next one. One takes all it may before
 * the next is called, as memory that was just used is the fastest.
 */
export class Turns {
  readonly #loop: Loop;
  readonly #line = new Fifo<Waiting>();
  #turn = 0;
  #handedOut = 0;
  #noted = false;

  constructor(loop: Loop = LOOP) {
    this.#loop = loop;
  }

  /** Which turn this is. Turns in which hardly anything is handed out count as one. */
  get turn(): number {
    return this.#turn;
  }

  /** Whether a socket may go on that has handed out so much in this turn; what is begun is finished. */
  mayHandOut(already: number): boolean {
    return already < LEAST || this.#handedOut < IN_ONE_TURN;
  }

  /** Whether what is received now may have to wait for its turn. */
  get crowded(): boolean {
    return this.#line.length > 0 || this.#handedOut >= IN_ONE_TURN;
  }

  /** Something was handed out. */
  count(amount: number): void {
    this.#handedOut += amount;
    // Not at once, so that a turn in which there is little costs nothing.
    if (this.#handedOut >= LEAST) this.#note();
  }

  /** Calls back in one of the next turns. */
  wait(who: Waiting): void {
    this.#line.push(who);
    this.#note();
  }

  #note(): void {
    if (this.#noted) return;
    this.#noted = true;
    this.#loop.later(() => {
      this.#noted = false;
      this.#turn++;
      this.#handedOut = 0;
      this.#serve();
    });
  }

  #serve(): void {
    const who = this.#line.shift();
    if (who === undefined) return;
    this.#loop.afterMicrotasks(() => {
      if (this.#handedOut < IN_ONE_TURN) this.#serve();
      else if (this.#line.length > 0) this.#note();
    });
    who.goOn();
  }
}

/** Those of this environment. */
export const turns = new Turns();
