// The framing of lengthPrefixed() written by hand, as one does who has only bytes: four bytes of length, two for a count
// of descriptors, the payload.

const HEADER = 6;

/** @param {Buffer} payload */
export function frameOf(payload) {
  const frame = Buffer.allocUnsafe(HEADER + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt16BE(0, 4);
  payload.copy(frame, HEADER);
  return frame;
}

/** Cuts what arrives into frames. A chunk is copied only where a frame does not lie in one. */
export class FrameParser {
  #onFrame;
  /** The beginning of a frame that is not whole. @type {Buffer[]} */
  #pending = [];
  #pendingLength = 0;
  /** Its length, or that of the header as long as that is not whole either. */
  #needed = HEADER;

  /** @param {(frame: Buffer) => void} onFrame */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    if (this.#pendingLength > 0) {
      this.#pending.push(chunk);
      this.#pendingLength += chunk.length;
      if (this.#pendingLength < this.#needed) return;
      chunk = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingLength = 0;
    }
    let at = 0;
    for (this.#needed = HEADER; chunk.length - at >= this.#needed;) {
      const length = HEADER + chunk.readUInt32BE(at);
      if (chunk.length - at < length) {
        this.#needed = length;
        break;
      }
      this.#onFrame(chunk.subarray(at, at + length));
      at += length;
      this.#needed = HEADER;
    }
    if (at === chunk.length) return;
    this.#pending.push(chunk.subarray(at));
    this.#pendingLength = chunk.length - at;
  }
}
