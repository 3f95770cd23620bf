const numbers = new WeakMap<Error, number>();

/** Remembers which descriptor it was that is not open. Returns the error. */
export function markNotOpen<E extends Error>(error: E, fd: number): E {
  numbers.set(error, fd);
  return error;
}

/** The descriptor that could not be sent since it is not open, where the error is of that. */
export function notOpenOf(error: Error): number | undefined {
  return numbers.get(error);
}
