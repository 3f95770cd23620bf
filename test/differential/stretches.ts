/** Cuts a list into stretches, in each of which every item continues the one before it. */
export function stretches<T>(items: readonly T[], continues: (item: T, before: T) => boolean): T[][] {
  const cut: T[][] = [];
  for (const item of items) {
    const stretch = cut.at(-1);
    const before = stretch?.at(-1);
    if (stretch !== undefined && before !== undefined && continues(item, before)) stretch.push(item);
    else cut.push([item]);
  }
  return cut;
}
