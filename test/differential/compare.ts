import type { Entry } from './entry';
import type { Kernel } from './machine';
import type { Program } from './program';
import { run } from './run';

/** A program on two kernels. */
export interface Comparison {
  readonly model: readonly Entry[];
  readonly real: readonly Entry[];
  /** The first step of which the outcomes differ. */
  readonly difference: number | undefined;
}

export function compare(program: Program, model: Kernel, real: Kernel): Comparison {
  const [ofModel, ofReal] = [run(program, model()), run(program, real())];
  const index = ofModel.findIndex((entry, step) => !isSame(entry, ofReal[step]));
  return { model: ofModel, real: ofReal, difference: index === -1 ? undefined : index };
}

function isSame(a: Entry, b: Entry | undefined): boolean {
  return b !== undefined && a.call === b.call && a.result === b.result && haveSameBytes(a, b);
}

function haveSameBytes({ bytes: a }: Entry, { bytes: b }: Entry): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/** The steps up to the difference, one a line, with both outcomes there. */
export function describeDifference({ model, real, difference = 0 }: Comparison): string {
  const lines = model.slice(0, difference).map(({ call, result }, step) => `${step + 1}. ${call} -> ${result}`);
  const [ofModel, ofReal] = [model[difference], real[difference]];
  lines.push(
    `${difference + 1}. ${ofModel?.call}`,
    `   model:  ${describe(ofModel)}`,
    ...(ofReal?.call === ofModel?.call ? [] : [`   differs in ${ofReal?.call}`]),
    `   kernel: ${describe(ofReal)}`,
  );
  return lines.join('\n');
}

function describe(entry: Entry | undefined): string {
  if (entry === undefined) return 'no such step';
  const { result, bytes } = entry;
  return bytes === undefined || bytes.length === 0
    ? result
    : `${result}: ${Buffer.from(bytes.slice(0, 40)).toString('hex')}`;
}
