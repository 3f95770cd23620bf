import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawTimeline, type TimelineOptions, type TraceEvent } from '../../packages/binding-model';

const told = new Set<string>();

/**
 * Draws the timeline of a case that failed into the directory that ANCILLARY_TIMELINES names, and tells where on standard
 * error. Without that variable it does nothing.
 *
 * A property calls it for every case that fails, with the same name: while fast-check shrinks, each smaller case that
 * still fails takes the place of the one before, so that the smallest is there in the end.
 *
 * @param name of the property; the file's is made of it
 * @returns the file's path, or undefined
 */
export function saveTimeline(
  events: readonly TraceEvent[],
  name: string,
  options: TimelineOptions = {},
): string | undefined {
  const directory = process.env['ANCILLARY_TIMELINES'];
  if (directory === undefined || directory === '') return undefined;
  mkdirSync(directory, { recursive: true });
  const file = path.resolve(directory, `${name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}.svg`);
  writeFileSync(file, drawTimeline(events, { title: name, ...options }));
  if (!told.has(file)) process.stderr.write(`The timeline of a failing case is in ${file}\n`);
  told.add(file);
  return file;
}

/**
 * Runs a case of a property, which may be asynchronous, and saves its timeline if it fails; then fails likewise.
 *
 * @param timeline what the case records into, such as `timeline` of a `ModelWorld`
 */
export function savedOnFailure<Result>(name: string, timeline: readonly TraceEvent[], run: () => Result): Result {
  const failed = (error: unknown): never => {
    saveTimeline(timeline, name);
    throw error;
  };
  try {
    const result = run();
    return result instanceof Promise ? (result.catch(failed) as Result) : result;
  } catch (error) {
    return failed(error);
  }
}
