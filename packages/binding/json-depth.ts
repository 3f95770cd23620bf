import { wrongNumber } from './argument-errors';

/** How deep the values in a message may be nested, unless it is said otherwise: deeper than data is, and no stack overflows. */
export const DEFAULT_MAX_DEPTH = 256;

/** `JSON.stringify` and what goes through a value call themselves for each level. */
const DEEPEST = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** @throws RangeError */
export function requireMaxDepth(maxDepth: number): void {
  if (Number.isSafeInteger(maxDepth) && maxDepth >= 1 && maxDepth <= DEEPEST) return;
  throw wrongNumber(`maxDepth is a number from 1 to ${DEEPEST}`, maxDepth);
}

/**
 * Whether JSON text is nested deeper than so many arrays and objects. It is asked before the text is parsed, which would
 * make an object of every two bytes.
 */
export function isDeeper(text: string, maxDepth: number): boolean {
  // What is opened has to be closed, or is no JSON: most messages are too short to be too deep.
  if (text.length <= maxDepth) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > maxDepth) return true;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
      default:
        break;
    }
  }
  return false;
}

/** Where the string that begins at `start` has its closing quote, or the text its end. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}
