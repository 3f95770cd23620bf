import type { Entry } from './entry';
import type { Kernel } from './machine';
import type { Program } from './program';
import { LOST_DESCRIPTOR, run } from './run';

/** A program on two kernels. */
export interface Comparison {
  readonly model: readonly Entry[];
  readonly real: readonly Entry[];
  /** The first step of which the outcomes differ. */
  readonly difference: number | undefined;
}

/** @throws where both kernels leave a descriptor open that no call told of: then the program loses count of them */
export function compare(program: Program, model: Kernel, real: Kernel): Comparison {
  const [ofModel, ofReal] = [run(program, model()), run(program, real())];
  const index = ofModel.findIndex((entry, step) => !isSame(entry, ofReal[step]));
  if (index !== -1) return { model: ofModel, real: ofReal, difference: index };
  const last = ofReal.at(-1);
  if (last?.met?.includes(LOST_DESCRIPTOR) === true) throw new Error(last.result);
  return { model: ofModel, real: ofReal, difference: undefined };
}

function isSame(a: Entry, b: Entry | undefined): boolean {
  return b !== undefined && a.call === b.call && a.result === b.result && haveSameBytes(a, b);
}

function haveSameBytes({ bytes: a }: Entry, { bytes: b }: Entry): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/** What a program shows on two kernels up to the first step of which the outcomes differ. */
export interface Difference {
  /** But for what was asked at the end, see run.ts. */
  readonly before: readonly Told[];
  readonly model: Told;
  readonly kernel: Told;
}

/** An entry in words. */
export interface Told {
  readonly call: string;
  readonly result: string;
}

const NO_STEP: Entry = { call: 'nothing', result: 'no such step' };

export function differenceOf({ model, real, difference = 0 }: Comparison): Difference {
  return {
    before: model.slice(0, difference).flatMap(({ call, result, isLastLook }) => (isLastLook ? [] : { call, result })),
    ...tell(model[difference] ?? NO_STEP, real[difference] ?? NO_STEP),
  };
}

/** The steps, one a line, with both outcomes of the last. */
export function describeDifference({ before, model, kernel }: Difference): string {
  const lines = before.map(({ call, result }, step) => `${step + 1}. ${call} -> ${result}`);
  lines.push(
    `${before.length + 1}. ${model.call}`,
    `   model:  ${model.result}`,
    ...(kernel.call === model.call ? [] : [`   differs in ${kernel.call}`]),
    `   kernel: ${kernel.result}`,
  );
  return lines.join('\n');
}

/** With the first of the bytes where they alone differ. */
function tell(model: Entry, kernel: Entry): { model: Told; kernel: Told } {
  const bytesDiffer = model.call === kernel.call && model.result === kernel.result;
  const told = ({ call, result, bytes = new Uint8Array(0) }: Entry): Told => ({
    call,
    result: bytesDiffer ? `${result}: ${Buffer.from(bytes.slice(0, 40)).toString('hex')}` : result,
  });
  return { model: told(model), kernel: told(kernel) };
}
