/** @throws when two values differ, with both of them */
export function same(what: string, is: unknown, must: unknown): void {
  if (is === must) return;
  const [a, b] = [JSON.stringify(is), JSON.stringify(must)];
  if (a !== b) throw new Error(`${what}: ${a}, and must be ${b}`);
}
