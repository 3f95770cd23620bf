import { SCM_MAX_FD } from './kernel/limits';

/** What a batch of reads may bring, as in native/receive_pump.h. */
const BATCH = 512 + SCM_MAX_FD;
/** A process with fewer numbers cannot hold any back. */
const FEW_NUMBERS = 512;
/** No more than this part of all is held back. */
const HELD_BACK_SHARE = 8;

/** For what there are numbers: all that a batch may bring, one message at a time, or nothing, for the rest is held back. */
export type NumbersLeft = 'plenty' | 'one message' | 'none';

/**
 * The rule of native/free_numbers.cc: so many numbers are held back that a message that needs them finds them, since the
 * kernel drops what finds none (docs/kernel.md 8).
 * @param open how many descriptors the process has
 * @param limit how many it may have
 */
export function numbersLeft(open: number, limit: number): NumbersLeft {
  if (limit < FEW_NUMBERS) return 'plenty';
  const heldBack = Math.min(SCM_MAX_FD, Math.floor(limit / HELD_BACK_SHARE));
  if (open + heldBack + BATCH < limit) return 'plenty';
  return open + heldBack < limit ? 'one message' : 'none';
}
