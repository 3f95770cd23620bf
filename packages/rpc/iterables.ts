/** What a handler may return to be iterated by the peer. */
export function isAsyncIterable(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}

/**
 * Ends what nobody iterates any more, or ever began to: a stream is destroyed, since an iterator of it that was not begun ends
 * nothing; another one is asked to return.
 */
export async function endIterable(
  iterable: AsyncIterable<unknown>,
  begun: AsyncIterator<unknown> | undefined,
): Promise<void> {
  const { destroy } = iterable as { readonly destroy?: unknown };
  if (typeof destroy === 'function') {
    await begun?.return?.();
    destroy.call(iterable);
  } else await (begun ?? iterable[Symbol.asyncIterator]()).return?.();
}
