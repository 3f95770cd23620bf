/** One rule of the model, broken in its source text. */
export interface Mutation {
  /** Which rule: a number of docs/kernel.md, or where else it is written down. */
  readonly rule: number | 'POSIX' | 'unix(7)' | 'poll(2)';
  /** What the broken model does. */
  readonly broken: string;
  /** In packages/binding-model/kernel. */
  readonly file: string;
  /** Is there exactly once. */
  readonly from: string;
  readonly to: string;
  /** The test file that fails, where programs on the running kernel cannot show it. */
  readonly test?: string;
}

/** Where the model's source is, from the root of the repository. */
export const MODEL = 'packages/binding-model/kernel';

/** @throws if it is not there exactly once: then the source has changed, and the list has to */
export function mutate(source: string, { file, from, to }: Pick<Mutation, 'file' | 'from' | 'to'>): string {
  const [before, after, ...more] = source.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} has ${more.length + Number(after !== undefined)} times: ${from}`);
  }
  return before + to + after;
}
