import type { Choose } from './choose';

/** Tells in words what happened. */
export type Told = () => string;

/** Whoever sends a script. */
export interface Sender {
  readonly done: boolean;
  /** How many descriptors were given names, in rising order. */
  readonly sentFds: number;
  /**
   * Goes on by one step; undefined when the choices do not fit together.
   * @param mayCarry whether a message with so many descriptors may be sent next
   */
  step(choose: Choose, mayCarry: (fdCount: number) => boolean): Told | undefined;
  /** All that decides what it does next. */
  key(): string;
}
