import { abortError, onAbort, throwIfAborted } from '../stream';

/** Has one thing done after the other, in the order in which they were asked for. The first is begun at once. */
export class TurnLine {
  readonly #waiting = new Set<() => void>();
  #busy = false;

  /** @throws what the work throws; AbortError, without having begun it, where the signal aborts before its turn */
  async take<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    throwIfAborted(signal);
    if (this.#busy) await this.#turn(signal);
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        stopListening?.();
        resolve();
      };
      const giveUp = (aborted: AbortSignal): void => {
        stopListening?.();
        if (this.#waiting.delete(goOn)) reject(abortError(aborted));
      };
      this.#waiting.add(goOn);
      const stopListening = signal && onAbort(signal, () => giveUp(signal));
    });
  }

  #next(): void {
    const [goOn] = this.#waiting;
    this.#busy = goOn !== undefined;
    if (goOn === undefined) return;
    this.#waiting.delete(goOn);
    goOn();
  }
}
