import { invalidValue } from './argument-errors';
import { KERNEL_RULES, type KernelName } from './kernel-rules';
import { requireCounts, requireFunction, requireKeys } from './require-values';
import type { TraceEvent } from './trace';

export interface KernelModelOptions {
  /** Default `'linux'`. */
  readonly kernel?: KernelName | undefined;
  /** SO_SNDBUF of new sockets, as getsockopt returns it. Linux has no less than 4,608. */
  readonly sndbuf?: number | undefined;
  /** RLIMIT_NOFILE of new processes: how many descriptors one may have. Default 1024. */
  readonly fdLimit?: number | undefined;
  /**
   * A sendmsg with descriptors is refused where its user has more than so many in flight, not counting its own: with 2, a
   * third goes, and a fourth does not. For every user. Without it, root may have any number, and for others it is how many
   * their process may open (docs/kernel.md 20).
   */
  readonly inFlightLimit?: number | undefined;
  /** Called with what happens on stream sockets. */
  readonly trace?: ((event: TraceEvent) => void) | undefined;
}

const NAMES: Record<keyof KernelModelOptions, true> = {
  kernel: true,
  sndbuf: true,
  fdLimit: true,
  inFlightLimit: true,
  trace: true,
};

/** @throws TypeError and RangeError that say which option is wrong, and how */
export function requireKernelOptions(options: KernelModelOptions): void {
  requireKeys(options, NAMES, 'KernelModel');
  const { kernel = 'linux', trace, ...limits } = options;
  if (!Object.hasOwn(KERNEL_RULES, kernel)) {
    throw invalidValue(`kernel is one of ${Object.keys(KERNEL_RULES).join(', ')}, not ${kernel as string}`);
  }
  requireCounts(limits);
  if (trace !== undefined) requireFunction(trace, 'trace');
}
