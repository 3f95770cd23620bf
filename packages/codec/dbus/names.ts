/*
 * D-Bus Specification, "Valid Names", "Valid Object Paths" and "Valid Signatures". Bytes are looked at where they lie: most
 * are never made a string of.
 */

/** The longest interface, member, error and bus name. */
const LONGEST_NAME = 255;
/** How deep arrays may lie in each other in a signature; and structs. */
const DEEPEST = 32;

const LETTER = 1;
const DIGIT = 2;
const HYPHEN = 4;
/** What each byte is in a name. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z_]/.test(character)) return LETTER;
  if (/\d/.test(character)) return DIGIT;
  return character === '-' ? HYPHEN : 0;
});

const code = (character: string): number => character.charCodeAt(0);
const SLASH = code('/');
const DOT = code('.');
const COLON = code(':');
const ARRAY = code('a');
const STRUCT = code('(');
const STRUCT_END = code(')');
const DICT_ENTRY = code('{');
const DICT_ENTRY_END = code('}');
/** Which bytes are types by themselves; variants are no basic type, and so no key of a dict. */
const [BASIC, VARIANT] = [1, 2];
const TYPES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[ybnqiuxtdsogh]/.test(character)) return BASIC;
  return character === 'v' ? VARIANT : 0;
});

/** Whether text at a place in memory is right for what it is. */
export type NameCheck = (memory: Uint8Array, start: number, end: number) => boolean;

export const isObjectPath: NameCheck = (memory, start, end) => {
  if (start === end || memory[start] !== SLASH) return false;
  let previous = SLASH;
  for (let at = start + 1; at < end; at++) {
    const byte = memory[at] ?? 0;
    if (byte === SLASH ? previous === SLASH : ((CLASSES[byte] ?? 0) & (LETTER | DIGIT)) === 0) return false;
    previous = byte;
  }
  return previous !== SLASH || end === start + 1;
};

export const isMember: NameCheck = (memory, start, end) => elements(memory, start, end, LETTER, LETTER | DIGIT) === 1;

/** Of an error, too. */
export const isInterface: NameCheck = (memory, start, end) => elements(memory, start, end, LETTER, LETTER | DIGIT) >= 2;

export const isBusName: NameCheck = (memory, start, end) => {
  const rest = LETTER | DIGIT | HYPHEN;
  if (memory[start] !== COLON) return elements(memory, start, end, LETTER | HYPHEN, rest) >= 2;
  return end - start <= LONGEST_NAME && elements(memory, start + 1, end, rest, rest) >= 2;
};

/** @returns how many elements a name has that are separated by dots; 0 where it is none */
function elements(memory: Uint8Array, start: number, end: number, first: number, rest: number): number {
  if (end - start > LONGEST_NAME) return 0;
  let count = 0;
  let begins = true;
  for (let at = start; at < end; at++) {
    const byte = memory[at] ?? 0;
    if (byte === DOT) {
      if (begins) return 0;
      begins = true;
    } else {
      if (((CLASSES[byte] ?? 0) & (begins ? first : rest)) === 0) return 0;
      if (begins) count++;
      begins = false;
    }
  }
  return begins ? 0 : count;
}

export const isSignature: NameCheck = (memory, start, end) => {
  let at = start;
  while (at >= 0 && at < end) at = typeEnd(memory, at, end);
  return at === end;
};

/**
 * Where a type ends that begins in a signature; -1 where there is none.
 * @param arrays in how many it lies @param structs in how many it lies
 */
export function typeEnd(memory: Uint8Array, at: number, end: number, arrays = 0, structs = 0): number {
  const type = at < end ? (memory[at] ?? 0) : 0;
  if (TYPES[type] !== 0) return at + 1;
  if (type === ARRAY && arrays < DEEPEST) {
    return at + 1 < end && memory[at + 1] === DICT_ENTRY
      ? dictEntryEnd(memory, at + 2, end, arrays + 1, structs)
      : typeEnd(memory, at + 1, end, arrays + 1, structs);
  }
  return type === STRUCT && structs < DEEPEST ? structEnd(memory, at + 1, end, arrays, structs + 1) : -1;
}

/** Of one type at least. */
function structEnd(memory: Uint8Array, first: number, end: number, arrays: number, structs: number): number {
  let at = first;
  do at = typeEnd(memory, at, end, arrays, structs);
  while (at >= 0 && memory[at] !== STRUCT_END);
  return at >= 0 && at < end ? at + 1 : -1;
}

/** A key of a basic type, and one value. */
function dictEntryEnd(memory: Uint8Array, key: number, end: number, arrays: number, structs: number): number {
  if (key >= end || TYPES[memory[key] ?? 0] !== BASIC) return -1;
  const value = typeEnd(memory, key + 1, end, arrays, structs);
  return value >= 0 && value < end && memory[value] === DICT_ENTRY_END ? value + 1 : -1;
}
