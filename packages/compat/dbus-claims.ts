import { dbusMessages } from '../codec';

const codec = dbusMessages();
/** What is needed of a message to measure it (D-Bus Specification, "Message Format"). */
const FIXED_LENGTH = 16;
const LITTLE_ENDIAN = 'l'.charCodeAt(0);
const BIG_ENDIAN = 'B'.charCodeAt(0);
const NEW_LINE = '\n'.charCodeAt(0);
/** Longer than the line that tells. */
const ENOUGH_OF_A_LINE = 8;

/**
 * Follows what a peer says on a connection of D-Bus, and tells how many descriptors its messages have (UNIX_FDS), once each is whole.
 *
 * The lines of the handshake come first (D-Bus Specification, "Authentication Protocol"). A client's last one is BEGIN. No line of a
 * server begins with one of the bytes that a message does, `l` or `B`.
 */
export class DBusClaims {
  #inLines = true;
  #line = '';
  /** The head of a message, as far as it came. */
  readonly #parts: Uint8Array[] = [];
  #have = 0;
  #need = FIXED_LENGTH;
  /** Bytes of the message that follow its head. */
  #rest = 0;
  #declared = 0;
  /** It is no D-Bus, or none that can be followed. */
  #lost = false;

  /**
   * Takes the next bytes. Returns how many descriptors the messages have that are whole by them.
   * @param anyWait whether descriptors came that no message has yet
   */
  follow(bytes: Buffer, anyWait: boolean): number {
    let at = 0;
    let claimed = 0;
    while (at < bytes.length && !this.#lost) {
      if (!anyWait && !this.#inLines && this.#rest === 0 && this.#have === 0) at = endOfWhole(bytes, at);
      if (this.#inLines) {
        at = this.#readLine(bytes, at);
        continue;
      }
      at = this.#readMessage(bytes, at);
      if (this.#rest > 0 || this.#have > 0) continue;
      claimed += this.#declared;
      this.#declared = 0;
    }
    return claimed;
  }

  #readLine(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    if (byte === NEW_LINE) {
      this.#inLines = !this.#line.startsWith('BEGIN\r');
      this.#line = '';
      return at + 1;
    }
    if (this.#line.length < ENOUGH_OF_A_LINE) this.#line += String.fromCharCode(byte);
    // The type of a message is a number, and no letter.
    if (!this.#line.startsWith('l') && !/^B[^E]/.test(this.#line)) return at + 1;
    this.#inLines = false;
    const begun = Buffer.from(this.#line, 'latin1');
    this.#parts.push(begun);
    this.#have = begun.length;
    return at + 1;
  }

  /** Returns up to where it read: at most to the end of the message. */
  #readMessage(bytes: Uint8Array, at: number): number {
    if (this.#rest > 0) {
      const length = Math.min(this.#rest, bytes.length - at);
      this.#rest -= length;
      return at + length;
    }
    const part = bytes.subarray(at, at + this.#need - this.#have);
    this.#parts.push(part);
    this.#have += part.length;
    if (this.#have === this.#need) this.#readHead();
    return at + part.length;
  }

  #readHead(): void {
    const [first] = this.#parts;
    const head = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.#parts.length = 0;
    try {
      const measured = codec.measure(head, 0);
      if ('need' in measured) {
        this.#parts.push(head);
        this.#need = measured.need;
        return;
      }
      this.#have = 0;
      this.#need = FIXED_LENGTH;
      this.#rest = measured.length - head.length;
      this.#declared = Number(measured.fds);
    } catch {
      // Whoever reads the messages says what is wrong.
      this.#lost = true;
    }
  }
}

/** Passes over the messages that are whole: where no descriptors wait, they have none, and how many they declare need not be read. */
function endOfWhole(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes.length - at >= FIXED_LENGTH && (bytes[at] === LITTLE_ENDIAN || bytes[at] === BIG_ENDIAN)) {
    const little = bytes[at] === LITTLE_ENDIAN;
    const body = little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
    const fields = little ? bytes.readUInt32LE(at + 12) : bytes.readUInt32BE(at + 12);
    const end = at + FIXED_LENGTH + 8 * Math.ceil(fields / 8) + body;
    if (end > bytes.length) break;
    at = end;
  }
  return at;
}
