/** ERR_FD_MODE: what refuses to read where others do, by what its message contains or matches. */
export function modeRefusal(message: string | RegExp = ''): Error {
  const words: unknown =
    typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code: 'ERR_FD_MODE', message: words }) as Error;
}
