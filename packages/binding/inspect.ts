import { inspect, type InspectOptions } from 'node:util';

type Inspect = (value: unknown, options: InspectOptions) => string;

/** The method by which an object is shown by `console.log()` and `util.inspect()`, in Deno and Bun too. */
export const INSPECT: typeof inspect.custom = inspect.custom;

/** What the method {@link INSPECT} gets: how many levels may be shown below it, where null is all; how; and by what. */
export type ShownHow = [depth: number | null, options: InspectOptions, inspect?: Inspect];

/** An object of this package by what matters of it, as `OwnedFd { fd: 5, … }`. */
export function show(name: string, facts: object, ...[depth, options, by = inspect]: ShownHow): string {
  if (depth !== null && depth < 0) return `[${name}]`;
  return `${name} ${by(facts, { ...options, depth })}`;
}
