/** What the call throws, for a look at its fields; undefined when it returns. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}
