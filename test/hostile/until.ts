import { setImmediate as nextTurn } from 'node:timers/promises';

const TURNS_IN_VAIN = 200_000;

/** Lets the event loop turn until something is so; throws when it never becomes so. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn === TURNS_IN_VAIN) throw new Error(`never came: ${condition.toString()}`);
    await nextTurn();
  }
}

/** Whether a promise has settled, and how, once the event loop has turned often enough for it. */
export async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  void Promise.allSettled([promise]).then(([first]) => (result = first));
  await until(() => result !== undefined);
  if (result === undefined) throw new Error('it did not settle');
  return result;
}
