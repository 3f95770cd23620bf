import { asError, type FdSocket } from '../../stream';
import type { Carried } from '../carried';

type WriteCallback = (error?: Error | null) => void;

/** Descriptors of one message. */
interface Waiting {
  readonly count: number;
  take(): Carried[];
  close(): void;
}

const connections = new WeakMap<FdSocket, CarryingWrites>();

/** A connection of http whose next bytes carry the descriptors of the message that is written to it, if it has any. */
export class CarryingWrites {
  /** Whose turn it is. */
  #current: Waiting | undefined;
  readonly #closedWithIt = new Set<Waiting>();

  private constructor(socket: FdSocket) {
    const write = socket.write.bind(socket);
    // http writes by write() alone.
    socket.write = (chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean => {
      const codec = typeof encoding === 'string' ? encoding : 'utf8';
      const tell = typeof encoding === 'function' ? encoding : callback;
      if (this.#current === undefined || this.#current.count === 0) return write(chunk, codec, tell);
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, codec) : (chunk as Uint8Array);
      if (bytes.length === 0) return write(bytes, tell);
      const carried = this.#current.take();
      const carrying = typeof chunk === 'string' ? endOfHead(bytes) : bytes.length;
      if (carrying === bytes.length) return writeWith(socket, write, bytes, carried, tell);
      writeWith(socket, write, bytes.subarray(0, carrying), carried);
      return write(bytes.subarray(carrying), tell);
    };
    socket.once('close', () => {
      for (const waiting of this.#closedWithIt) waiting.close();
      this.#closedWithIt.clear();
    });
  }

  static of(socket: FdSocket): CarryingWrites {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const made = new CarryingWrites(socket);
    connections.set(socket, made);
    return made;
  }

  /** The next bytes carry what waits, and what is added to it. */
  carry(waiting: Waiting): void {
    this.#current = waiting;
    this.#closedWithIt.delete(waiting);
  }

  /** Nothing more is added to it. */
  leave(waiting: Waiting): void {
    if (this.#current === waiting) this.#current = undefined;
    this.#closedWithIt.delete(waiting);
  }

  /** Until its turn comes. */
  closeWithConnection(waiting: Waiting): void {
    this.#closedWithIt.add(waiting);
  }
}

function writeWith(
  socket: FdSocket,
  write: FdSocket['write'],
  bytes: Uint8Array,
  carried: readonly Carried[],
  tell?: WriteCallback,
): boolean {
  const settle = (sent: boolean): void => {
    for (const each of carried) each.settle(sent);
  };
  // Whoever gave one away may have closed it since.
  const fds = carried.flatMap((each) => each.fds.filter(({ closed }) => !closed));
  if (fds.length === 0 || socket.destroyed || socket.writableEnded) {
    settle(false);
    return write(bytes, tell);
  }
  try {
    return socket.writeFds(bytes, fds, { transfer: true }, (error) => {
      settle(!error);
      tell?.(error);
    });
  } catch (error) {
    settle(false);
    throw asError(error);
  }
}

/**
 * http writes a head and a body of text as one string. Whoever receives them in one piece is told of the head before the last
 * byte, to which the descriptors belong: so they go with the head alone. A body that looks like it is only sent in two pieces.
 */
function endOfHead(bytes: Uint8Array): number {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(END_OF_HEAD);
  return end === -1 ? bytes.length : end + END_OF_HEAD.length;
}

/** RFC 9112, section 2.1. */
const END_OF_HEAD = '\r\n\r\n';
