import type { ListenOptions } from '../../packages/ancillary';

/** So low that peers reach them all the time. */
export const LIMITS: ListenOptions = {
  maxFdsPerFrame: 64,
  maxQueuedFds: 128,
  highWaterMark: 32_768,
  authorize: ({ uid }) => uid >= 0,
};
