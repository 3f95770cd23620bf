import { describeValue } from '../../binding';
import { asError } from '../abort';
import { nextTick } from '../later';

/**
 * Asks a function of the user's about a peer. It says true or false, or what it threw or rejected with, or that it said nothing
 * of the kind: who forgets to answer lets nobody in.
 * @param told called once: at once where it answers at once, and in a turn of its own otherwise, so that what is thrown then is no
 * rejection
 */
export function askUser(name: string, ask: () => unknown, told: (answer: boolean | Error) => void): void {
  let answer: unknown;
  try {
    answer = ask();
    if (isThenable(answer)) {
      void answer.then(
        (value) => nextTick(() => told(judge(name, value))),
        (error: unknown) => nextTick(() => told(asError(error))),
      );
      return;
    }
  } catch (error) {
    told(asError(error));
    return;
  }
  told(judge(name, answer));
}

function judge(name: string, answer: unknown): boolean | Error {
  if (typeof answer === 'boolean') return answer;
  return new TypeError(`${name} returns true or false, not ${describeValue(answer)}`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
