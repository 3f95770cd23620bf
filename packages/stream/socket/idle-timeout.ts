import { describeValue, invalidType, outOfRange } from '../../binding';

/** What setTimeout() of Node takes at most; it takes more for 1. */
const LONGEST_MS = 2 ** 31 - 1;

/** Calls back when nothing went through a socket for a while. It does not keep the event loop running. */
export class IdleTimeout {
  /** As it was set; 0 for never. */
  readonly milliseconds: number;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @throws TypeError and RangeError for what is no duration */
  constructor(milliseconds: number, expired: () => void) {
    requireDuration(milliseconds);
    this.milliseconds = milliseconds;
    if (milliseconds > 0) this.#timer = setTimeout(expired, Math.min(milliseconds, LONGEST_MS)).unref();
  }

  /** Something went through: the time begins anew, also when it is over. */
  begin(): void {
    this.#timer?.refresh();
  }

  /** For good: {@link begin} must not be called afterwards. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

function requireDuration(given: unknown): void {
  if (typeof given !== 'number')
    throw invalidType(`a timeout is a number of milliseconds, not ${describeValue(given)}`);
  if (!(given >= 0 && given < Infinity)) {
    throw outOfRange(`a timeout is a number of milliseconds from 0 up, where 0 is none, not ${given}`);
  }
}
