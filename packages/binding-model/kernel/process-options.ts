import { requireCounts, requireKeys } from './require-values';

export interface ProcessOptions {
  /** Default 0, root, who may claim any credentials and have any number of descriptors in flight. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The lowest descriptor number, default 0; limits count from here. */
  readonly firstFd?: number | undefined;
  /** The highest one, whatever the limit; default: none. */
  readonly lastFd?: number | undefined;
}

const NAMES: Record<keyof ProcessOptions, true> = { uid: true, gid: true, firstFd: true, lastFd: true };

/** @throws TypeError and RangeError that say which option is wrong, and how */
export function requireProcessOptions(options: ProcessOptions): void {
  requireKeys(options, NAMES, 'process()');
  requireCounts(options);
}
