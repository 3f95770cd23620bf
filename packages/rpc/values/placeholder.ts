/**
 * A descriptor's place in JSON: an object whose only member is {@link NAME}, with the descriptor's place among those of
 * its frame. No data can look like one, for a member of that name in a value travels with one more `$`, and so do
 * those with more of them.
 */
export class Placeholder {
  readonly $fd: number;

  constructor(index: number) {
    this.$fd = index;
  }
}

export const NAME = '$fd';

const LOOKS_LIKE_IT = /^\$+fd$/;
const DOLLAR = 0x24;

/** Whether a member's name would be taken for a placeholder's, or for one that was made longer. */
export function isReserved(name: string): boolean {
  return name.charCodeAt(0) === DOLLAR && LOOKS_LIKE_IT.test(name);
}

/** As it travels. */
export function escaped(name: string): string {
  return isReserved(name) ? `$${name}` : name;
}

/** As it was; not for {@link NAME} itself. */
export function unescaped(name: string): string {
  return isReserved(name) ? name.slice(1) : name;
}
