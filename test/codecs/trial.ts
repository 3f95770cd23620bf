import { ModelWorld } from '../../packages/binding-model';
import { FdSocket } from '../../packages/stream';
import { randomNumbers } from '../properties/traffic';
import { type Plan, planOf } from './plan';
import { Reading } from './reading';
import { Sending } from './sending';
import type { Subject } from './subject';

/** What became of one connection. */
export interface Outcome {
  readonly frames: number;
  /** Those of which it is not certain whose descriptors they have. */
  readonly marked: number;
  /** The codes of what ended it; none where it ended well. */
  readonly error: string | undefined;
}

/** So little is read ahead, and so few descriptors may a frame have, that a peer soon goes beyond it. */
const LIMITS = { highWaterMark: 4096, maxFdsPerFrame: 40 };

/**
 * One connection over the model, on which a peer sends frames, and then perhaps something else: what is right arrives as it
 * was sent, or is marked; what is not is refused by a typed error; and nothing is left open.
 * @throws Error with the seed, which alone repeats it
 */
export async function trial(subject: Subject, seed: number): Promise<Outcome> {
  const plan = planOf(subject, randomNumbers(seed));
  try {
    return await run(subject, plan, seed);
  } catch (error) {
    const { trouble, rule, frames, messages, faults } = plan;
    const sent = `${frames.length} frames, ${messages.length} sendmsg by the rule '${rule}', trouble: ${trouble}, faults: ${faults.rate}`;
    throw new Error(`${subject.name} failed with --seed ${seed} (${sent}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function run(subject: Subject, plan: Plan, seed: number): Promise<Outcome> {
  const world = new ModelWorld({ seed: seed >>> 0, faults: plan.faults, sndbuf: plan.sndbuf });
  const [ours, theirs] = world.socketpair();
  const socket = FdSocket.wrap(world.bindings[0], ours, LIMITS);
  const sending = new Sending(world, theirs, plan);
  const reading = new Reading(subject, plan, socket, world);
  try {
    const idle = world.idle().then(() => {
      throw new Error('nothing more can happen, and the reader waits');
    });
    idle.catch(() => undefined);
    await Promise.race([reading.run(), idle]);
  } finally {
    socket.destroy();
    sending.close();
  }
  await world.idle();
  const open = world.openDescriptors().flat();
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`);
  reading.judge();
  const { frames, marked, error } = reading;
  return { frames, marked, error };
}
