import { KernelError } from '../../packages/binding-model/kernel';

/** One step of a program as a kernel took it. */
export interface Entry extends Outcome {
  /** The call with its arguments; descriptors are numbered from the program's first. */
  readonly call: string;
  /** The program itself did not ask for it. */
  readonly isLastLook?: boolean;
}

export interface Outcome {
  /** All but the bytes. */
  readonly result: string;
  readonly bytes?: Uint8Array;
  /** What was met, to be counted. */
  readonly met?: readonly string[];
}

/** The entry of a call that may fail. */
export function attempt(call: string, perform: () => Outcome | string): Entry {
  try {
    const outcome = perform();
    return typeof outcome === 'string' ? { call, result: outcome } : { call, ...outcome };
  } catch (error) {
    if (error instanceof KernelError) return { call, result: error.code, met: [error.code] };
    throw error;
  }
}
