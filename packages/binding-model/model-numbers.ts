import type { DescriptorTable } from '../binding';
import type { ModelProcess } from './kernel';

/*
 * The descriptor numbers of models. No two processes of any worlds have one in common, so a number says whose it is, and
 * one world's is never taken for another's.
 */

/** Numbers of models begin here, above those of a process of a real kernel. */
const FIRST_MODEL_FD = 2_000_000;
/** Processes get whole blocks of numbers, up to the largest descriptor that there is. */
const BLOCK = 1024;
/** fs.nr_open: how many descriptors a process of a real kernel may have. */
const MOST = 2 ** 20;
const BLOCKS = Math.floor((2 ** 31 - FIRST_MODEL_FD) / BLOCK);

/** Numbers in a row, of one process. */
export interface NumberRange {
  readonly first: number;
  readonly count: number;
}

/** A world, as far as its descriptor numbers go: which of its processes has one. */
export interface NumberOwner {
  bindingOf(fd: number): { readonly process: ModelProcess; readonly descriptors: DescriptorTable } | undefined;
}

/** Who has which block, of worlds that somebody can still reach. */
const owners = new Map<number, WeakRef<NumberOwner>>();
const gone = new FinalizationRegistry<readonly number[]>((blocks) => {
  for (const block of blocks) owners.delete(block);
});
let next = 0;

/**
 * Gives a process of a world numbers of its own, for as long as the world lives.
 * @param atLeast cut to what a real kernel gives a process at most
 * @throws RangeError when all are in use
 */
export function takeNumbers(world: NumberOwner, atLeast: number): NumberRange {
  const blocks = freeBlocks(Math.ceil(Math.max(1, Math.min(atLeast, MOST)) / BLOCK));
  for (const block of blocks) owners.set(block, new WeakRef(world));
  gone.register(world, blocks);
  return { first: FIRST_MODEL_FD + (blocks[0] ?? 0) * BLOCK, count: blocks.length * BLOCK };
}

/** Which world a number is of. */
export function worldOf(fd: number): NumberOwner | undefined {
  return owners.get(Math.floor((fd - FIRST_MODEL_FD) / BLOCK))?.deref();
}

/** Whether a number is of the process that runs the models, and not of one of them. */
export function isReal(fd: number): boolean {
  return fd >= 0 && fd < FIRST_MODEL_FD;
}

/** The next blocks in a row that nobody has; after the last ones, those of owners that are gone. */
function freeBlocks(count: number): number[] {
  const free: number[] = [];
  for (let tried = 0; free.length < count; tried++) {
    if (tried > 2 * BLOCKS) throw new RangeError('all descriptor numbers of models are in use: drop some worlds');
    if (next === BLOCKS) {
      next = 0;
      free.length = 0;
    }
    if (owners.has(next)) free.length = 0;
    else free.push(next);
    next++;
  }
  return free;
}
