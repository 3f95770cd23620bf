import { type AncillaryError, describeValue } from '../../binding';
import { FIELDS, FIXED_LENGTH, type Layout, REPLY_SERIAL, REQUIRED, TYPES, UNIX_FDS } from './layout';
import { ValueReader } from './values';

/** The header fields of a message, one after the other, each checked. All methods throw ERR_FRAME_INVALID. */
export class FieldReader {
  readonly #memory: Uint8Array;
  readonly #values: ValueReader;
  readonly #type: number;
  /** Bits of the codes that there were. */
  #seen = 0;
  code = 0;
  /** Where the text is that the field has; -1 if it has a number. */
  textStart = -1;
  textEnd = -1;
  number = 0;

  constructor(memory: Uint8Array, start: number, { fieldsEnd, littleEndian, serial, type }: Layout) {
    this.#memory = memory;
    this.#type = type;
    this.#values = new ValueReader(memory, start, start + FIXED_LENGTH, fieldsEnd, littleEndian, serial);
  }

  /** Goes on to the next field that this knows; false when there is none. */
  next(): boolean {
    const values = this.#values;
    while (!values.done) {
      values.align(8);
      this.code = values.byte();
      const signature = values.text(1);
      if (FIELDS[this.code] !== undefined) {
        this.#readKnown(signature, values.at - 1);
        return true;
      }
      if (this.code === 0) throw values.broken('it has the header field 0');
      const end = values.at - 1;
      if (values.skip(signature, end) !== end) throw values.broken('a header field is not of exactly one type');
    }
    this.#requireAll();
    return false;
  }

  #readKnown(signature: number, signatureEnd: number): void {
    const values = this.#values;
    const { name, type, check, rule } = FIELDS[this.code] ?? { name: '', type: 'u', check: undefined, rule: '' };
    if (signatureEnd !== signature + 1 || this.#memory[signature] !== type.charCodeAt(0))
      throw values.broken(`its ${name} is not of the type '${type}'`);
    const bit = 1 << this.code;
    if ((this.#seen & bit) !== 0) throw values.broken(`it has ${name} twice`);
    this.#seen |= bit;
    if (check === undefined) {
      this.textStart = -1;
      this.number = values.uint32();
      if (this.code === REPLY_SERIAL && this.number === 0) throw values.broken(`its ${name} is ${rule}, not 0`);
      return;
    }
    this.textStart = values.text(type === 'g' ? 1 : 4);
    this.textEnd = values.at - 1;
    if (!check(this.#memory, this.textStart, this.textEnd)) throw this.#misnamed(name, rule);
  }

  #misnamed(name: string, rule: string): AncillaryError {
    const shown = Buffer.from(
      this.#memory.subarray(this.textStart, Math.min(this.textEnd, this.textStart + LONGEST_SHOWN)),
    );
    return this.#values.broken(`its ${name} is ${rule}, not ${describeValue(shown.toString('latin1'))}`);
  }

  #requireAll(): void {
    for (const code of REQUIRED[this.#type] ?? []) {
      if ((this.#seen & (1 << code)) !== 0) continue;
      throw this.#values.broken(`it is a ${TYPES[this.#type - 1] ?? ''} and has no ${FIELDS[code]?.name ?? ''}`);
    }
  }
}

/** Of a text that the peer chose, so much is looked at to show it. */
const LONGEST_SHOWN = 64;

/** How many descriptors the header fields declare, all of which are checked. @throws ERR_FRAME_INVALID */
export function declaredFds(memory: Uint8Array, start: number, layout: Layout): number {
  const fields = new FieldReader(memory, start, layout);
  let fds = 0;
  while (fields.next()) if (fields.code === UNIX_FDS) fds = fields.number;
  return fds;
}
