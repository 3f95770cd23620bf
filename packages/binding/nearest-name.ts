/** Which of the names somebody most likely meant who wrote another one; undefined where none is near. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  // A long one is a text, and none of them.
  if (written.length > LONGEST) return undefined;
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const edits = editsBetween(written.toLowerCase(), name.toLowerCase());
    if (edits >= least || 2 * edits > Math.max(written.length, name.length)) continue;
    nearest = name;
    least = edits;
  }
  return nearest;
}

const LONGEST = 64;

/** The Levenshtein distance. */
function editsBetween(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 0; row < left.length; row++) {
    const current = [row + 1];
    for (let column = 0; column < right.length; column++) {
      const replaced = (previous[column] ?? 0) + (left[row] === right[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
