import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { CALLS, type CallName, type Fault } from './calls';

/** Where struct control of shim.c has what, in numbers of four bytes. */
const ON = 0;
const FIRED = 6;
const BAD_CLOSES = 7;
const COUNTS = 8;
const WORDS = COUNTS + CALLS.length;

const ACTIONS = { errno: 1, short: 2, truncated: 3, nothing: 4 } as const;

/** What happened while calls were counted. */
export interface Counted {
  /** How often the fault struck. */
  readonly fired: number;
  /** Numbers that were closed and not open. */
  readonly badCloses: number;
  /** How often each call was made. */
  readonly calls: ReadonlyMap<CallName, number>;
}

/** The file that tells the shim which call is to fail. */
export class Control implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
  }

  /** A new file, for a child to start with. */
  static make(path: string): void {
    const fd = openSync(path, 'w');
    writeSync(fd, new Int32Array(WORDS));
    closeSync(fd);
  }

  /** Counts from now on, and has the fault strike, if one is given. */
  start(fault?: Fault): void {
    const words = new Int32Array(WORDS);
    if (fault !== undefined) {
      const { call, from, to, action, value } = fault;
      words.set([CALLS.indexOf(call), from, to, ACTIONS[action], value], 1);
    }
    // In this order: everything else is there when it begins to count.
    writeSync(this.#fd, words, 0, words.byteLength, 0);
    writeSync(this.#fd, Int32Array.of(1), 0, 4, ON);
  }

  stop(): Counted {
    writeSync(this.#fd, Int32Array.of(0), 0, 4, ON);
    const words = new Int32Array(WORDS);
    readSync(this.#fd, words, 0, words.byteLength, 0);
    return {
      fired: words[FIRED] ?? 0,
      badCloses: words[BAD_CLOSES] ?? 0,
      calls: new Map(CALLS.map((call, index) => [call, words[COUNTS + index] ?? 0])),
    };
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
