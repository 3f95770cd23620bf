import type { ClientRequest, ServerResponse } from 'node:http';
import { AncillaryError, counted, describeValue, outOfRange } from '../../binding';
import { asError, FdSocket, MAX_FDS_PER_SENDMSG } from '../../stream';
import type { Carried } from '../carried';
import { CarryingWrites } from './carrying-writes';

export type Message = ClientRequest | ServerResponse;

const messages = new WeakMap<Message, MessageFds>();

/** The descriptors of a message of http that no byte of it has carried yet. */
export class MessageFds {
  readonly #message: Message;
  #waiting: Carried[] = [];
  /** Of its connection, once that is known. */
  #writes: CarryingWrites | undefined;

  private constructor(message: Message, connection: object | undefined) {
    this.#message = message;
    // The first, since it may throw.
    this.#writes = connection === undefined ? undefined : writesOf(connection);
    message.once('close', () => {
      this.close();
      this.#writes?.leave(this);
    });
    // Before http has its turn, which goes on with the next message on the connection at once.
    message.prependOnceListener('finish', () => this.#takeBack());
    // The answer to a pipelined request that waits for the one before says nothing when the connection is closed.
    this.#writes?.closeWithConnection(this);
    if (isAssigned(message)) this.#writes?.carry(this);
    else message.once('socket', (socket: object) => this.#assigned(socket));
  }

  /**
   * @param connection of the message, as far as it is known
   * @throws ERR_FD_KIND for a connection that carries none
   */
  static of(message: Message, connection: object | undefined): MessageFds {
    const known = messages.get(message);
    if (known !== undefined) return known;
    const made = new MessageFds(message, connection);
    messages.set(message, made);
    return made;
  }

  get count(): number {
    return this.#waiting.reduce((count, { fds }) => count + fds.length, 0);
  }

  /** @throws RangeError where so many more do not go with the next bytes */
  requireRoom(more: number): void {
    const count = this.count + more;
    if (count <= MAX_FDS_PER_SENDMSG) return;
    throw outOfRange(
      `the next bytes of a message carry ${MAX_FDS_PER_SENDMSG} descriptors at most, not ${counted(count, 'descriptor')}`,
    );
  }

  add(carried: Carried): void {
    this.#waiting.push(carried);
  }

  /** Those that go with the bytes that are written now; whoever takes them settles them. */
  take(): Carried[] {
    return this.#waiting.splice(0);
  }

  /** No byte will carry them. */
  close(): void {
    for (const carried of this.take()) carried.settle(false);
  }

  /** The connection is known only now, or the message has its turn on it. */
  #assigned(socket: object): void {
    try {
      this.#writes = writesOf(socket);
      this.#writes.carry(this);
    } catch (error) {
      this.close();
      this.#message.destroy(asError(error));
    }
  }

  /** No byte followed that could have carried them, such as of a body of which all was written: the next ones are another message's. */
  #takeBack(): void {
    const { count } = this;
    this.close();
    if (count === 0) return;
    this.#message.destroy(
      new AncillaryError(
        'ERR_FD_WITHOUT_BYTES',
        `no byte of the message was written after ${counted(count, 'descriptor')} of it, which had to be carried by one; all were closed`,
      ),
    );
  }
}

export function isAssigned({ socket }: Message): boolean {
  return socket !== null && (socket as unknown) !== undefined;
}

function writesOf(socket: object): CarryingWrites {
  if (socket instanceof FdSocket) return CarryingWrites.of(socket);
  const message = `the connection of the message, ${describeValue(socket)}, carries no descriptors: use FdAgent, or serveHttp()`;
  throw new AncillaryError('ERR_FD_KIND', message);
}
