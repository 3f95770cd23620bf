import type { KernelName } from '../../packages/binding-model';
import { headed, shapesUpTo, tailed } from './layout';
import type { Setting } from './trial';

export const KERNELS: readonly KernelName[] = ['linux', 'bsd', 'darwin'];

type World = Omit<Setting, 'kernel' | 'layout' | 'frames'>;

/** Senders that keep to a rule under which every frame gets its own descriptors, read as that rule allows. */
export const EXACT: readonly World[] = [
  { sender: 'first byte', ownership: 'own', reads: 'bounded' },
  { sender: 'first byte', ownership: 'attached', reads: 'bounded' },
  { sender: 'separate', ownership: 'own', reads: 'bounded' },
  { sender: 'separate', ownership: 'attached', reads: 'bounded' },
  { sender: 'own bytes', ownership: 'own', reads: 'greedy' },
  { sender: 'own bytes', ownership: 'attached', reads: 'greedy' },
  { sender: 'SendQueue', ownership: 'own', reads: 'bounded' },
  { sender: 'SendQueue', ownership: 'own', reads: 'greedy' },
  { sender: 'SendQueue', ownership: 'attached', reads: 'greedy' },
];

/** Senders that join frames: of each frame that has another's descriptors, or lacks its own, it is said that it may. */
export const JOINED: readonly World[] = [
  { sender: 'first byte', ownership: 'attached', reads: 'greedy' },
  { sender: 'last byte', ownership: 'attached', reads: 'bounded' },
  { sender: 'last byte', ownership: 'attached', reads: 'greedy' },
  { sender: 'joined', ownership: 'attached', reads: 'bounded' },
  { sender: 'joined', ownership: 'attached', reads: 'greedy' },
];

/** The same for senders whose descriptors may ride ahead; there are many more of these worlds. */
export const EARLY: readonly World[] = [
  { sender: 'early', ownership: 'early', reads: 'bounded' },
  { sender: 'early', ownership: 'early', reads: 'greedy' },
];

/** Senders that keep to nothing: what becomes of each descriptor is what the documentation says. */
export const WILD: readonly World[] = [
  { sender: 'any', ownership: 'own', reads: 'bounded' },
  { sender: 'any', ownership: 'own', reads: 'greedy' },
  { sender: 'any', ownership: 'attached', reads: 'bounded' },
  { sender: 'any', ownership: 'attached', reads: 'greedy' },
  { sender: 'any', ownership: 'early', reads: 'bounded' },
  { sender: 'any', ownership: 'early', reads: 'greedy' },
  { sender: 'any', ownership: 'ahead', reads: 'greedy' },
  { sender: 'early', ownership: 'ahead', reads: 'bounded' },
  { sender: 'early', ownership: 'ahead', reads: 'greedy' },
];

/** Limits, and descriptor numbers that run out. */
export const SHORT: readonly World[] = [
  { sender: 'first byte', ownership: 'own', reads: 'bounded', shortages: [0, 1] },
  { sender: 'own bytes', ownership: 'own', reads: 'greedy', shortages: [0, 1] },
  { sender: 'own bytes', ownership: 'attached', reads: 'greedy', shortages: [0, 1] },
  { sender: 'early', ownership: 'early', reads: 'greedy', shortages: [0, 1] },
  { sender: 'own bytes', ownership: 'own', reads: 'greedy', shortages: [0, 1], limits: { onTruncated: 'error' } },
  { sender: 'early', ownership: 'ahead', reads: 'greedy', limits: { onSurplus: 'close' } },
  { sender: 'any', ownership: 'own', reads: 'greedy', limits: { maxFdsPerFrame: 1, onSurplus: 'close' } },
  { sender: 'any', ownership: 'attached', reads: 'bounded', limits: { maxFdsPerFrame: 1, onSurplus: 'close' } },
];

/** Only as many orders as can show the receiver something different, see {@link Setting}. */
export const FEWER_ORDERS = { prompt: true, lateSends: true } as const;

/** Those that a world can do with: who looks before he reads sees what was sent behind that, too. */
export function fewerOrders({ ownership }: World): Pick<Setting, 'prompt' | 'lateSends'> {
  return ownership === 'attached' ? { prompt: true } : FEWER_ORDERS;
}

/** Frames of up to so many bytes and two descriptors, told by their first byte. */
export function small(kernel: KernelName, world: World, frames: number, bytes: number): Setting {
  return { kernel, frames, layout: headed(shapesUpTo(bytes, 2)), ...world };
}

/** The same, told by their last byte. */
export function smallTailed(kernel: KernelName, world: World, frames: number, bytes: number): Setting {
  return { ...small(kernel, world, frames, bytes), layout: tailed(shapesUpTo(bytes, 2)) };
}

export function nameOf({ sender, ownership, reads, limits = {}, shortages = [] }: World): string {
  const more = [
    ...Object.entries(limits).map((limit) => limit.join(' ')),
    ...(shortages.length > 0 ? ['numbers run out'] : []),
  ];
  return [`${ownership}, ${reads} reads, sender: ${sender}`, ...more].join(', ');
}
