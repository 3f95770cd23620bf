import { setTimeout as delay } from 'node:timers/promises';
import type { ListeningBinding } from '../../binding';

const FIRST_PAUSES = 10;
const PAUSE_MS = 10;
/**
 * So often the loop may wait in vain. They are waits and not a time: on a machine that is busy, where the threads get their
 * turn late, the loop gets its own late as well.
 */
const WAITS_IN_VAIN = 100;

/**
 * Closes a socket, and then waits, while it is still bound as far as can be told, for the threads of this process that have been told to close it
 * or copies of it (docs/kernel.md 44). Gives up where a close does not come back, or holds up those behind it: when nothing
 * is closed any more, or all was that waited before.
 * @param socket its descriptor, which `close` closes
 */
export async function closeBound(
  binding: ListeningBinding,
  socket: number,
  close: () => void,
  isBound: () => boolean = () => true,
): Promise<void> {
  const closes = binding.watchCloses(socket);
  close();
  let goal = Infinity;
  let before = -1;
  for (let waits = 0; closes.pending() && isBound();) {
    const { closed, left } = closes;
    waits = closed !== before && before < goal ? 0 : waits + 1;
    if (waits > WAITS_IN_VAIN) return;
    goal = Math.min(goal, closed + left);
    before = closed;
    await delay(waits < FIRST_PAUSES ? 1 : PAUSE_MS);
  }
}
