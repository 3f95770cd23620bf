import { AncillaryError } from '../../binding';
import type { FdSocket, FrameDecoder } from '../../stream';
import { delimited } from '../delimited';

/** D-Bus Specification, "Authentication Protocol": a command of capital letters, and after a space what belongs to it. */
export interface SaslLine {
  readonly command: string;
  readonly argument: string;
}

const END = '\r\n';
const LINE = /^([A-Z_]+)(?: ([ -~]*))?$/;

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
  readonly #frames: ReturnType<FdSocket['frames']>;

  constructor(socket: FdSocket, maxLineLength: number) {
    this.#socket = socket;
    this.#frames = socket.frames(delimited({ delimiter: END, maxLength: maxLineLength, fds: 0 }));
  }

  /** The peer's next line. @throws ERR_FRAME_INCOMPLETE if there is none; ERR_FRAME_INVALID; as `frames()` */
  async next(): Promise<SaslLine> {
    const result = await this.#frames.next();
    if (result.done === true) throw endedInHandshake();
    const { bytes, range } = result.value;
    const line = bytes.toString('latin1', 0, bytes.length - END.length);
    const [, command, argument = ''] = LINE.exec(line) ?? [];
    if (command !== undefined) return { command, argument };
    const place = `bytes ${range.start} to ${range.end}`;
    throw new AncillaryError('ERR_FRAME_INVALID', `the line at ${place} is no command of the D-Bus handshake`);
  }

  say(text: string): Promise<void> {
    return this.#socket.send(`${text}${END}`);
  }

  /** Leaves what follows for the next way of reading. */
  leave(): void {
    void this.#frames.return?.();
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
