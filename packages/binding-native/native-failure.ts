import { errnoName, type SystemError, systemError } from '../binding';

/** The error for a negative errno that the addon answered. */
export function failure(errno: number, syscall: string, detail?: string): SystemError {
  return systemError(errnoName(-errno), syscall, detail);
}

/** The name of a negative errno, or undefined for success. */
export function failureName(result: number): string | undefined {
  return result < 0 ? errnoName(-result) : undefined;
}

/** Passes a result >= 0 through. @throws the system error for a negative one */
export function checked(result: number, syscall: string, detail?: string): number {
  if (result < 0) throw failure(result, syscall, detail);
  return result;
}
