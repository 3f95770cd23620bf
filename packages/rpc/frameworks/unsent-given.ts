import { OwnedFd } from '../../binding';
import { closeGiven, GivenFd } from '../values/given';

/**
 * Descriptors that were given away in a value which a framework has, and may never send. Nobody else closes them: where nobody
 * has the value any more, they are closed.
 */
export class UnsentGiven {
  #count = 0;
  readonly #forgotten = new FinalizationRegistry<GivenFd>((given) => {
    this.#count--;
    closeGiven(given);
  });

  /** How many there are in this thread. */
  get count(): number {
    return this.#count;
  }

  /** @returns what to send for it */
  add(value: object, given: GivenFd): GivenFd {
    const owned = owning(given);
    // What is not open, or is somebody else's, is told of when it is sent.
    if (owned === undefined) return given;
    this.#count++;
    this.#forgotten.register(value, owned, value);
    return owned;
  }

  /** It is being sent, which closes it in any case. */
  sent(value: object): void {
    if (this.#forgotten.unregister(value)) this.#count--;
  }
}

/** With an owner of what is a number, who knows whether it was closed meanwhile and is that of another file. */
function owning(given: GivenFd): GivenFd | undefined {
  if (typeof given.source !== 'number') return given;
  try {
    return new GivenFd(OwnedFd.adopt(given.source));
  } catch {
    return undefined;
  }
}
