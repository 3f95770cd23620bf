import { turns, type Waiting } from './turns';

/** One socket's share of the turns of the event loop. */
export class TurnShare implements Waiting {
  readonly #next: () => void;
  /** What was handed out in a turn, and in which. */
  #turn = 0;
  #handedOut = 0;
  #waits = false;

  /** @param next called in the turn in which it may go on, after it could not */
  constructor(next: () => void) {
    this.#next = next;
  }

  /** Whether it stands in line. */
  get waits(): boolean {
    return this.#waits;
  }

  /** A frame with so many descriptors was handed out. */
  took(fdCount: number): void {
    const amount = 1 + fdCount;
    this.#handedOut += amount;
    turns.count(amount);
  }

  /** Whether more may be handed out in this turn. If not, it stands in line. */
  mayGoOn(): boolean {
    if (this.#turn !== turns.turn) {
      this.#turn = turns.turn;
      this.#handedOut = 0;
    }
    if (turns.mayHandOut(this.#handedOut)) return true;
    if (!this.#waits) {
      this.#waits = true;
      turns.wait(this);
    }
    return false;
  }

  goOn(): void {
    this.#waits = false;
    this.#next();
  }
}
