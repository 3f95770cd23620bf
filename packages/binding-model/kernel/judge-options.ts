import type { KernelModelOptions } from './kernel-model';
import { KERNEL_RULES } from './kernel-rules';

/** @throws TypeError and RangeError that say which option is wrong, and how */
export function judgeOptions({ kernel = 'linux', ...limits }: KernelModelOptions): void {
  if (!Object.hasOwn(KERNEL_RULES, kernel)) {
    throw new TypeError(`kernel is one of ${Object.keys(KERNEL_RULES).join(', ')}, not ${kernel as string}`);
  }
  for (const name of ['sndbuf', 'fdLimit', 'inFlightLimit'] as const) {
    if (limits[name] !== undefined) judgeCount(limits[name], name);
  }
}

/** @throws TypeError, RangeError */
export function judgeCount(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new TypeError(`${name} is a number, not ${String(value)}`);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is an integer from 0 up, not ${value}`);
}
