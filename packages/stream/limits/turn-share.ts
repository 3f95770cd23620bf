import { LEAST, turns, type Waiting } from './turns';

/** One socket's share of the turns of the event loop. */
export class TurnShare implements Waiting {
  readonly #next: () => void;
  /** What was handed out in a turn, and in which. */
  #turn = 0;
  #handedOut = 0;
  /** What may be handed out before the turns are asked again, which is not worth while for each frame; and what is left of that. */
  #granted = 0;
  #left = 0;
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
    this.#left -= 1 + fdCount;
  }

  /** Whether more may be handed out in this turn. If not, it stands in line. */
  mayGoOn(): boolean {
    return this.#left > 0 || this.#ask();
  }

  #ask(): boolean {
    const amount = this.#granted - this.#left;
    this.#granted = this.#left = 0;
    if (this.#turn !== turns.turn) {
      this.#turn = turns.turn;
      this.#handedOut = 0;
    }
    this.#handedOut += amount;
    turns.count(amount);
    if (turns.mayHandOut(this.#handedOut)) {
      this.#granted = this.#left = LEAST;
      return true;
    }
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
