import { AncillaryError } from '../../binding';
import type { FdSocket, FrameDecoder } from '../../stream';
import { delimited } from '../delimited';

/** D-Bus Specification, "Authentication Protocol": a command of capital letters, and after a space what belongs to it. */
export interface SaslLine {
  readonly command: string;
  readonly argument: string;
  /** The whole line, to be shown. */
  readonly text: string;
}

const END = '\r\n';
const LINE = /^([A-Z_]+)(?: ([ -~]*))?$/;

/** Of a line that the peer chose, so much is shown. */
const LONGEST_SHOWN = 80;

/** What a client sends first, so that on some systems its credentials can ride on it. */
export const NUL_BYTE: FrameDecoder<undefined> = {
  reads: 'greedy',
  measure: () => ({ length: 1, fds: 0 }),
  decode: () => undefined,
};

/**
 * The lines of a handshake in both directions. What follows the last one stays in the socket's queue: the first messages may
 * have come in the same read. No line has descriptors, since nothing passes them before BEGIN.
 */
export class SaslConversation {
  readonly #socket: FdSocket;
  readonly #maxLineLength: number;
  #frames: ReturnType<FdSocket['frames']> | undefined;
  /** What the peer said last, to be shown; undefined before it says anything. */
  last: string | undefined;

  constructor(socket: FdSocket, maxLineLength: number) {
    this.#socket = socket;
    this.#maxLineLength = maxLineLength;
  }

  /** The peer's next line. @throws ERR_FRAME_INCOMPLETE if there is none; ERR_FRAME_INVALID; as `frames()` */
  async next(): Promise<SaslLine> {
    this.#frames ??= this.#socket.frames(delimited({ delimiter: END, maxLength: this.#maxLineLength, fds: 0 }));
    const result = await this.#frames.next();
    if (result.done === true) throw endedInHandshake();
    const { bytes, range } = result.value;
    const line = bytes.toString('latin1', 0, bytes.length - END.length);
    const [, command, argument = ''] = LINE.exec(line) ?? [];
    const text = `'${line.slice(0, LONGEST_SHOWN)}'${line.length > LONGEST_SHOWN ? '...' : ''}`;
    this.last = text;
    if (command !== undefined) return { command, argument, text };
    const place = `bytes ${range.start} to ${range.end}`;
    throw new AncillaryError(
      'ERR_FRAME_INVALID',
      `the line at ${place}, ${text}, is no command of the D-Bus handshake; the socket is destroyed`,
    );
  }

  say(text: string): Promise<void> {
    return this.#socket.send(`${text}${END}`);
  }

  /** Leaves what follows for the next way of reading. */
  leave(): void {
    void this.#frames?.return?.();
  }
}

export function endedInHandshake(): AncillaryError {
  return new AncillaryError('ERR_FRAME_INCOMPLETE', 'the peer closed the connection during the D-Bus handshake');
}

/** Bytes in hexadecimal digits, as text; undefined for what is none. */
export function fromHex(digits: string): string | undefined {
  return /^(?:[0-9a-f]{2})*$/i.test(digits) ? Buffer.from(digits, 'hex').toString('latin1') : undefined;
}

export function toHex(text: string): string {
  return Buffer.from(text).toString('hex');
}
