/**
 * What others chose (a path, a name) for a line of text: a file may be named so that a terminal obeys it, or that it looks
 * like the next line of a log. Control characters, and those that turn the direction of writing or are not seen, are escaped.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
