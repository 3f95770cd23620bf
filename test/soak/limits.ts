import type { ListenOptions } from '../../packages/ancillary';

/** So low that peers reach them all the time. */
export const LIMITS: ListenOptions = {
  maxFdsPerFrame: 64,
  maxQueuedFds: 128,
  highWaterMark: 32_768,
  frameTimeout: 5_000,
  sendTimeout: 5_000,
  authorize: ({ uid }) => uid >= 0,
};
