/** Decides which of `options` possibilities happens: a number from 0 up to and excluding it. */
export type Choose = (options: number) => number;

/** Makes prescribed choices first, then the first possibility each time, and remembers how many there were. */
export class Prescribed {
  readonly #choices: number[];
  readonly #options: number[] = [];

  constructor(choices: readonly number[]) {
    this.#choices = [...choices];
  }

  readonly choose: Choose = (options) => {
    const index = this.#options.length;
    this.#options.push(options);
    return (this.#choices[index] ??= 0);
  };

  /** Every choice that was made. */
  get made(): readonly number[] {
    return this.#choices;
  }

  /** The choices to make next, for all to be tried in turn; undefined when all were. */
  next(): number[] | undefined {
    for (let index = this.#options.length - 1; index >= 0; index--) {
      const choice = (this.#choices[index] ?? 0) + 1;
      if (choice < (this.#options[index] ?? 0)) return [...this.#choices.slice(0, index), choice];
    }
    return undefined;
  }
}
