import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

const TURNS = 1000;
/** They are counted, and no time is measured: on a machine that is busy, threads and other processes are late, and so is this. */
const WAITS_IN_VAIN = 3000;
const WAIT_MS = 10;

/** Lets the event loop turn, and wait, until something is so; throws when it never becomes so. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn === TURNS + WAITS_IN_VAIN) throw new Error(`never came: ${condition.toString()}`);
    if (turn < TURNS) await nextTurn();
    else await delay(WAIT_MS);
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
