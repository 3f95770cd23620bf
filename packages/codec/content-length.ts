import { AncillaryError, describeValue, invalidValue, type OptionNames, requireOptions } from '../binding';
import { type FrameCodec, type Measured, type MeasureAt, refuseAsFactory } from '../stream';
import { finderOf } from './finder';
import {
  around,
  DEFAULT_MAX_LENGTH,
  type Payload,
  type ReceivedPayload,
  requireFrame,
  requireMaxLength,
  requirePayload,
  takePayload,
  tooLarge,
} from './payload';

export interface ContentLengthOptions {
  /** The longest content, in bytes, that is received or sent; default 16 MiB. */
  maxLength?: number | undefined;
  /**
   * The name of a header field with the number of descriptors, such as 'Fd-Count'. A message without the field has none.
   * By default there is no such field, and a message has the descriptors that came with it.
   */
  countField?: string | undefined;
}

const OPTIONS: OptionNames<ContentLengthOptions> = { maxLength: true, countField: true };

/** So long is a header at most: it has two fields, and a name of an encoding. */
const MAX_HEADER_LENGTH = 4096;
const CONTENT_LENGTH = 'content-length';
/** A token of RFC 9110, 5.6.2, which the specification refers to for the header. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const END = Buffer.from('\r\n\r\n');
const NOTHING = new Uint8Array();

// The global is a getter, which shows where each frame asks it.
const { Buffer: NodeBuffer } = globalThis;
const findEnd = finderOf(END);

/**
 * Messages behind a header with their length, as language servers and debug adapters have them: the base protocol of the
 * Language Server Protocol 3.17, "Header Part" and "Content Part"
 * (https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol).
 * Content is handed out and taken as bytes, without its header; other fields than the length are passed over.
 *
 * @throws TypeError and RangeError for options. Its `measure` and `encode` throw ERR_FRAME_TOO_LARGE for content longer than
 * `maxLength`, before anything is allocated for it; `measure` throws it for a header of more than 4,096 bytes too, and
 * ERR_FRAME_INVALID for what is no header.
 */
export function contentLength(options: ContentLengthOptions = {}): FrameCodec<ReceivedPayload, Payload> {
  refuseAsFactory('contentLength', options);
  requireOptions('contentLength()', options, OPTIONS);
  const { maxLength = DEFAULT_MAX_LENGTH, countField } = options;
  requireMaxLength(maxLength);
  const counting = countField === undefined ? undefined : fieldName(countField);

  /** @throws ERR_FRAME_TOO_LARGE, ERR_FRAME_INVALID */
  const measureAt: MeasureAt = (memory, start, scanned): Measured => {
    const end = findEnd(memory, start + scanned);
    const searched = Math.max(0, (end === -1 ? memory.length - END.length + 1 : end) - start);
    if (searched > MAX_HEADER_LENGTH) throw longHeader();
    if (end === -1) return { need: memory.length - start + 1, scanned: searched };
    const header = fieldsOf(memory, start, end);
    const length = numberIn(header, CONTENT_LENGTH);
    if (length === undefined) throw invalid(`has no field 'Content-Length'`);
    if (length > maxLength) throw tooLarge(length, maxLength);
    const fds = counting === undefined ? 'attached' : (numberIn(header, counting) ?? 0);
    return { length: end - start + END.length + length, fds };
  };

  return {
    reads: 'greedy',

    measure: Object.assign((buffered: Uint8Array, scanned: number) => measureAt(buffered, 0, scanned), {
      at: measureAt,
    }),

    decode: (frame) => takePayload(requireFrame(frame), frame.bytes.indexOf(END) + END.length),

    encode(payload) {
      const { bytes, fds } = requirePayload(payload, maxLength);
      const count = countField === undefined || fds.length === 0 ? '' : `${countField}: ${fds.length}\r\n`;
      const header = `Content-Length: ${bytes.length}\r\n${count}\r\n`;
      return { bytes: around(NodeBuffer.from(header, 'latin1'), bytes, NOTHING), fds };
    },
  };
}

/** The fields that matter here, as `name: value` in lower case. @throws ERR_FRAME_INVALID */
function fieldsOf(memory: Uint8Array, start: number, end: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of textOf(memory, start, end).split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon === -1 || !FIELD_NAME.test(name)) throw invalid(`has a line that is no field, ${describeValue(line)}`);
    // Which of two counts? Peers that choose differently see other messages than we do.
    if (fields.has(name)) throw invalid(`has two fields ${describeValue(name)}`);
    fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** Bytes of a header, which are ASCII. */
function textOf(memory: Uint8Array, start: number, end: number): string {
  return NodeBuffer.from(memory.buffer, memory.byteOffset + start, end - start).toString('latin1');
}

/** @throws ERR_FRAME_INVALID */
function numberIn(fields: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = fields.get(name);
  if (text === undefined) return undefined;
  // Fifteen digits are a safe integer in any case.
  if (!/^\d{1,15}$/.test(text)) throw invalid(`has ${describeValue(text)} for the number in its field '${name}'`);
  return Number(text);
}

/** @throws TypeError */
function fieldName(given: unknown): string {
  if (typeof given !== 'string' || !FIELD_NAME.test(given) || given.toLowerCase() === CONTENT_LENGTH)
    throw invalidValue(
      `countField is the name of a header field of its own, such as 'Fd-Count', not ${describeValue(given)}`,
    );
  return given.toLowerCase();
}

function invalid(what: string): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', `a header ${what}: nothing behind it can be read`);
}

function longHeader(): AncillaryError {
  return new AncillaryError('ERR_FRAME_TOO_LARGE', `a header has no end within its first ${MAX_HEADER_LENGTH} bytes`);
}
