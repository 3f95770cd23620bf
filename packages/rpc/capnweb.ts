import { describeValue, invalidType, OwnedFd } from '../binding';
import { asError, type FdSocket } from '../stream';
import { closedError } from './closed-error';
import type { Message } from './frameworks/receiver';
import { UnsentGiven } from './frameworks/unsent-given';
import { ValueChannel } from './frameworks/value-channel';
import { GivenFd } from './values/given';
import { jsonValues, type JsonValuesOptions } from './values/json-values';

// Which types a value may have is fixed in Cap'n Web, and an OwnedFd is none of them. Bytes are one, and at this encoding
// level a Uint8Array goes through it as the very object that it is: so an empty one stands for a descriptor.

const held = new WeakMap<Uint8Array, OwnedFd | GivenFd>();
const unsent = new UnsentGiven();

/** Calls whose results the peer has not asked for; Cap'n Web keeps them. Where they hold descriptors, there may be no more. */
const MOST_UNPULLED = 4096;
/** So few descriptors do no harm, whatever holds them. */
const FEW_FDS = 256;

/** An `RpcTransportWithCustomEncoding` for `new RpcSession(transport, main)`. */
export interface FdTransport {
  readonly encodingLevel: 'jsonCompatibleWithBytes';
  send(message: unknown): void;
  receive(): Promise<unknown>;
  abort(reason: unknown): void;
}

/**
 * What stands for a descriptor in an argument or a result.
 * @param fd is lent, and can be closed once the call was made or the result was sent; `give(fd)` closes it then, or when what is
 * returned here is garbage, such as a result that the peer never asked for
 * @throws TypeError for anything else
 */
export function fdValue(fd: OwnedFd | GivenFd): Uint8Array {
  const source: unknown = fd;
  if (!(source instanceof OwnedFd || source instanceof GivenFd))
    throw invalidType(`fdValue() takes an OwnedFd, or what give() makes, not ${describeValue(source)}`);
  const value = new Uint8Array();
  held.set(value, source instanceof GivenFd ? unsent.add(value, source) : source);
  return value;
}

/**
 * The descriptor that a received value stands for. One of an argument is closed when its call was answered, unless `take()` was
 * called; one of a result is the caller's.
 * @throws TypeError for what is no such value
 */
export function fdOf(value: Uint8Array): OwnedFd {
  const fd = held.get(value);
  if (!(fd instanceof OwnedFd))
    throw invalidType(`fdOf() takes what stands for a descriptor, not ${describeValue(value)}`);
  onClaim.get(fd)?.();
  return fd;
}

const onClaim = new WeakMap<OwnedFd, () => void>();

/**
 * A transport of Cap'n Web over a socket. A message is that of `jsonValues()`, with `["bytes",{"$fd":0}]` for a descriptor.
 *
 * @param socket is taken over, and closed when the session is
 * @throws TypeError and RangeError for arguments; ERR_FD_MODE while the socket is read in another way, which goes on
 */
export function fdTransport(socket: FdSocket, options?: JsonValuesOptions): FdTransport {
  return new Transport(socket, options);
}

class Transport implements FdTransport {
  readonly encodingLevel = 'jsonCompatibleWithBytes';
  readonly #channel: ValueChannel;
  readonly #received: unknown[] = [];
  #waiting: ((message: unknown) => void) | undefined;
  #ended: Error | undefined;
  /** Numbers of the last message that made an entry in a table, by the peer and by us: Cap'n Web counts, and sends none. */
  #lastExport = 0;
  #lastImport = 0;
  /** Our calls that wait for a result. */
  readonly #imports = new Set<number>();
  /** Calls of the peer that hold descriptors. */
  readonly #exports = new Map<number, Message>();
  /** Calls of the peer whose results it has not asked for. */
  readonly #unpulled = new Set<unknown>();
  /** Descriptors of results that nobody has asked for. */
  readonly #unclaimed = new Set<OwnedFd>();

  constructor(socket: FdSocket, options: JsonValuesOptions | undefined) {
    this.#channel = new ValueChannel(socket, jsonValues(options), {
      name: 'fdTransport()',
      kindOf: () => undefined,
      inOrder: { ownCallsWait: () => this.#imports.size > 0 },
      refuses: (message) => this.#refuses(message),
      receive: (message) => this.#receive(message),
      // Answers are none to the channel, which does not know the numbers of Cap'n Web.
      failure: () => ({}),
      ended: (error) => this.#end(error ?? closedError()),
      closed: () => void OwnedFd.closeAll(this.#unclaimed),
    });
    this.#channel.listen();
  }

  send(message: unknown): void {
    const [type, id] = message as readonly unknown[];
    if (isEntry(type)) this.#imports.add(++this.#lastImport);
    if (type === 'release') this.#imports.delete(id as number);
    // A session does not go on without one of its messages.
    this.#channel
      .send(encoded(message) as Message, isResult(type))
      .catch((error: unknown) => this.#channel.socket.destroy(asError(error)));
    if (isResult(type)) this.#release(id as number);
  }

  receive(): Promise<unknown> {
    if (this.#received.length > 0) return Promise.resolve(this.#received.shift());
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  abort(): void {
    void this.#channel.close();
  }

  #refuses(message: Message): string | undefined {
    if (!Array.isArray(message)) return 'it is no array';
    const [type, id] = message as unknown as readonly unknown[];
    if (type === 'push' && this.#unpulled.size >= MOST_UNPULLED && unsent.count > FEW_FDS)
      return `it is a call too many: ${MOST_UNPULLED} have results that the peer does not ask for`;
    if (!isResult(type)) return undefined;
    // What is below zero is a promise in a value of the peer's.
    const isOpen = typeof id === 'number' && id <= this.#lastImport && id !== 0;
    return isOpen ? undefined : `it answers call ${describeValue(id)}, which was not made`;
  }

  #receive(message: Message): void {
    const [type, id] = message as unknown as readonly unknown[];
    const fds: OwnedFd[] = [];
    const decodedMessage = decoded(message, fds);
    if (isEntry(type)) this.#lastExport++;
    if (type === 'push') this.#unpulled.add(this.#lastExport);
    else if (type === 'pull' || type === 'release') this.#unpulled.delete(id);
    if (fds.length > 0) {
      if (isEntry(type)) this.#exports.set(this.#lastExport, message);
      else if (type === 'resolve' && ((id as number) < 0 || this.#imports.has(id as number)))
        this.#hold(id as number, message, fds);
      // Nobody waits for the result any more, or an error has some.
      else this.#channel.release(message);
    }
    if (isResult(type)) this.#imports.delete(id as number);
    if (type === 'release') this.#release(id as number);
    if (this.#waiting === undefined) this.#received.push(decodedMessage);
    else this.#waiting(decodedMessage);
    this.#waiting = undefined;
  }

  #hold(id: number, message: Message, fds: readonly OwnedFd[]): void {
    this.#channel.claim(message);
    // Results of our calls are as many as we made calls.
    const counted = id < 0 ? 1 : 0;
    for (const fd of fds) {
      this.#unclaimed.add(fd);
      this.#channel.hold(counted);
      onClaim.set(fd, () => {
        if (this.#unclaimed.delete(fd)) this.#channel.hold(-counted);
      });
    }
  }

  #release(id: number): void {
    const message = this.#exports.get(id);
    if (message === undefined) return;
    this.#exports.delete(id);
    this.#channel.release(message);
  }

  #end(error: Error): void {
    this.#ended = error;
    this.#waiting?.(Promise.reject(error));
  }
}

/** Messages that make an entry in the table of whoever receives them. */
function isEntry(type: unknown): boolean {
  return type === 'push' || type === 'stream' || type === 'pipe';
}

function isResult(type: unknown): boolean {
  return type === 'resolve' || type === 'reject';
}

/** For JSON: bytes are text, or the descriptor that they stand for. */
function encoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    unsent.sent(value);
    return held.get(value) ?? Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  }
  if (Array.isArray(value)) return value.map(encoded);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member)]));
}

/** As Cap'n Web takes it; `fds` gets the descriptors that it will find. */
function decoded(value: unknown, fds: OwnedFd[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof OwnedFd) {
    fds.push(value);
    return fdValue(value);
  }
  if (Array.isArray(value)) return value.map((each) => decoded(each, fds));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decoded(member, fds)]));
}
