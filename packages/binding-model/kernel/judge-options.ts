import type { KernelModelOptions } from './kernel-model';
import { KERNEL_RULES } from './kernel-rules';
import type { ProcessOptions } from './model-process';

const KERNEL_OPTIONS: Record<keyof KernelModelOptions, true> = {
  kernel: true,
  sndbuf: true,
  fdLimit: true,
  inFlightLimit: true,
  trace: true,
};
const PROCESS_OPTIONS: Record<keyof ProcessOptions, true> = { uid: true, gid: true, firstFd: true, lastFd: true };

/** @throws TypeError and RangeError that say which option is wrong, and how */
export function judgeOptions(options: KernelModelOptions): void {
  judgeKeys(options, KERNEL_OPTIONS, 'KernelModel');
  const { kernel = 'linux', trace, ...limits } = options;
  if (!Object.hasOwn(KERNEL_RULES, kernel)) {
    throw new TypeError(`kernel is one of ${Object.keys(KERNEL_RULES).join(', ')}, not ${kernel as string}`);
  }
  judgeCounts(limits);
  if (trace !== undefined) judgeFunction(trace, 'trace');
}

/** @throws TypeError and RangeError that say which option is wrong, and how */
export function judgeProcessOptions(options: ProcessOptions): void {
  judgeKeys(options, PROCESS_OPTIONS, 'process()');
  judgeCounts(options);
}

/**
 * @param options what should be an object of options
 * @param allowed has their names as keys
 * @throws TypeError that names one that is none of them
 */
export function judgeKeys(options: unknown, allowed: object, taker: string): void {
  const names = Object.keys(allowed);
  judgeObject(options, `${taker} takes an object of ${names.join(', ')}`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${taker} knows no '${unknown}', only ${names.join(', ')}`);
}

/** @throws TypeError that begins with the rule */
export function judgeObject(value: unknown, rule: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${rule}, not ${String(value)}`);
}

/** @throws TypeError, RangeError */
export function judgeCount(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new TypeError(`${name} is a number, not ${String(value)}`);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is an integer from 0 up, not ${value}`);
}

/** @throws TypeError */
export function judgeFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw new TypeError(`${name} is a function, not ${String(value)}`);
}

function judgeCounts(values: object): void {
  for (const [name, value] of Object.entries(values)) if (value !== undefined) judgeCount(value, name);
}
