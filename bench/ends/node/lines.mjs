// Lines cut apart by hand, as one does who has only bytes.

const NEWLINE = 0x0a;

/** @param {Buffer} payload */
export function lineOf(payload) {
  const line = Buffer.allocUnsafe(payload.length + 1);
  payload.copy(line);
  line[payload.length] = NEWLINE;
  return line;
}

/** Cuts what arrives into lines, with their ends. A chunk is copied only where a line does not lie in one. */
export class LineSplitter {
  #onLine;
  /** The beginning of a line that has not ended. @type {Buffer[]} */
  #pending = [];

  /** @param {(line: Buffer) => void} onLine */
  constructor(onLine) {
    this.#onLine = onLine;
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = chunk.subarray(start, end + 1);
      this.#onLine(this.#pending.length === 0 ? line : Buffer.concat([...this.#pending.splice(0), line]));
      start = end + 1;
    }
    if (start < chunk.length) this.#pending.push(chunk.subarray(start));
  }
}
