import {
  AncillaryError,
  counted,
  describeValue,
  invalidValue,
  type OptionNames,
  type OwnedFd,
  requireObject,
  requireOptions,
  wrongNumber,
} from '../../binding';
import {
  type CodecConnection,
  type FdLike,
  type FdSocket,
  type FrameCodec,
  type Measured,
  numberOf,
  refuseAsFactory,
  requireTransfer,
} from '../../stream';
import { requireFrame } from '../payload';
import { compile, type CompiledSignature, HEADER_LENGTH } from './compiled';
import { invalid, WaylandObjects, type WaylandSide } from './objects';
import type { WaylandProtocol } from './protocol';
import { CutFrames } from './cut-frames';
import { newObjects, readArguments, readUint, type WaylandNewObject } from './read';
import { writeArguments, writeHeader } from './write';

export interface WaylandMessagesOptions {
  /** Objects that there may be at once; default 65,536. */
  maxObjects?: number | undefined;
  /** The longest message, in bytes, that is sent; default 4096, which is what libwayland before 1.23 has room for. */
  maxLength?: number | undefined;
  /**
   * The most bytes that descriptors come before their message; default 4096, libwayland's buffer. A peer that has set itself a larger
   * one (`wl_display_set_max_buffer_size`, from libwayland 1.23 on) needs that here.
   */
  ahead?: number | undefined;
}

const OPTIONS: OptionNames<WaylandMessagesOptions> = { maxObjects: true, maxLength: true, ahead: true };

/** An argument that was received: `fixed` is a number, an object is its id or null, an array is a Buffer. */
export type WaylandValue = number | string | Buffer | WaylandNewObject | OwnedFd | null;

/** A received message. Whoever receives it owns the descriptors. */
export interface WaylandMessage {
  /** The id of the object that it is for, or from. */
  readonly object: number;
  /** Of that object, such as `'wl_surface'`. */
  readonly interface: string;
  /** Of the request or event, such as `'attach'`. */
  readonly name: string;
  /** By name, descriptors among them. */
  readonly args: Readonly<Record<string, WaylandValue>>;
  /** The descriptors among the arguments, in their order. */
  readonly fds: readonly OwnedFd[];
}

/** A message to send. */
export interface WaylandOutgoing {
  readonly object: number;
  readonly name: string;
  /**
   * All arguments by name. A `new_id` is a free id, which is remembered from when the message is encoded on, since messages behind
   * it may name it before it is sent. A message that is refused, for a descriptor too, leaves it free. Where a system call fails, or
   * a signal takes the message back, it stays taken, while the peer lacks the object: end the connection then.
   */
  readonly args?: Readonly<Record<string, number | string | Uint8Array | WaylandNewObject | FdLike | null>> | undefined;
  /** Close the descriptors when sent or failed: all, or each in their order. */
  readonly transfer?: boolean | readonly boolean[] | undefined;
}

/** What `waylandMessages()` makes for each connection. */
export type WaylandCodec = FrameCodec<WaylandMessage, WaylandOutgoing>;

const DEFAULT_MAX_OBJECTS = 65_536;
const DEFAULT_MAX_LENGTH = 4096;
const DEFAULT_AHEAD = 4096;
/** The size of a message has 16 bits. */
const LONGEST = 0xffff;
/** libwayland's recvmsg has room for so many (MAX_FDS_OUT in its connection.c). */
const FDS_PER_SEND = 28;

/** A connection as one side sees it. Where two are forwarded to each other, both are one conversation with one memory. */
interface Conversation {
  readonly side: WaylandSide;
  readonly objects: WaylandObjects;
}

const conversations = new WeakMap<FdSocket, Conversation>();

/**
 * Messages of Wayland: what a codec of one side reads and sends. A server reads requests and sends events, a client the other
 * way round. In `forward()` the side is that towards the first socket, `'server'`, and the other one is read as the opposite side.
 *
 * Wayland Protocol, "Wire Format": 32-bit words in the order of the machine; the id of an object; 16 bits of size and 16 of opcode;
 * arguments. How many descriptors a message has, its signature says, so the codec remembers the interface of each object of the
 * connection, from both directions. Descriptors travel ahead of their messages, as libwayland batches them.
 *
 * @param protocol what `waylandProtocol()` has read, of every interface that the peers use
 * @throws TypeError and RangeError. Of what it makes, `measure`, `cut` and `decode` throw ERR_FRAME_INVALID for a message of an unknown
 * object, with an opcode that its interface does not have, of a wrong size, or that makes an object that it may not; `encode`
 * throws TypeError, RangeError and ERR_FRAME_TOO_LARGE
 */
export function waylandMessages(
  protocol: WaylandProtocol,
  side: WaylandSide,
  options: WaylandMessagesOptions = {},
): (connection: CodecConnection<FdSocket>) => WaylandCodec {
  refuseAsFactory('waylandMessages', protocol);
  const interfaces = compile(protocol);
  if (!['client', 'server'].includes(side))
    throw invalidValue(`side is 'client' or 'server', not ${describeValue(side)}`);
  requireOptions('waylandMessages()', options, OPTIONS);
  const { maxObjects = DEFAULT_MAX_OBJECTS, maxLength = DEFAULT_MAX_LENGTH, ahead = DEFAULT_AHEAD } = options;
  requireCount('maxObjects', maxObjects, 2 ** 24);
  requireCount('maxLength', maxLength, LONGEST);
  requireCount('ahead', ahead, 0x7fff_ffff);
  return ({ socket, forwardedTo }) => {
    const other = forwardedTo && conversations.get(forwardedTo);
    const conversation: Conversation =
      other === undefined
        ? { side, objects: new WaylandObjects(interfaces, maxObjects) }
        : { side: other.side === 'server' ? 'client' : 'server', objects: other.objects };
    conversations.set(socket, conversation);
    return codecOf(conversation, maxLength, ahead);
  };
}

function codecOf({ side, objects }: Conversation, maxLength: number, ahead: number): WaylandCodec {
  const [received, sent] = side === 'client' ? (['events', 'requests'] as const) : (['requests', 'events'] as const);
  const peer = side === 'client' ? 'server' : 'client';
  const kind = side === 'client' ? 'event' : 'request';
  const cutFrames = new CutFrames();
  let count = 0;

  /** @throws ERR_FRAME_INVALID */
  const signatureAt = (memory: Uint8Array, start: number): CompiledSignature => {
    const id = readUint(memory, start);
    const opcode = readUint(memory, start + 4) & 0xffff;
    const type = objects.get(id);
    const signature = type?.[received][opcode];
    if (signature !== undefined) return signature;
    const what = `${kind} ${count + 1} of the connection, with opcode ${opcode}, is of object ${id}`;
    if (type === undefined) throw invalid(`${what}, which there is not`);
    throw invalid(`${what}, of whose interface ${type.name} the protocol that was given has no such ${kind}`);
  };

  const measureAt = (memory: Uint8Array, start: number): Measured => {
    if (memory.length - start < HEADER_LENGTH) return { need: HEADER_LENGTH };
    const signature = signatureAt(memory, start);
    const length = readUint(memory, start + 4) >>> 16;
    const { fds, least, varies } = signature;
    if (length < least || (length > least && !varies) || length % 4 !== 0) {
      const size = `${length} bytes, where it has ${varies ? 'at least ' : ''}${least}`;
      throw invalid(`${nameOf(memory, start, signature)} says that it has ${size}`);
    }
    return { length, fds };
  };

  const nameOf = (memory: Uint8Array, start: number, { owner, name }: CompiledSignature): string => {
    const id = readUint(memory, start);
    return `${kind} ${count + 1} of the connection, ${owner}@${id}.${name},`;
  };

  const naming = <Result>(frame: Uint8Array, signature: CompiledSignature, read: () => Result): Result =>
    saying(() => nameOf(frame, 0, signature), read);

  return {
    // libwayland sends what it has batched with one sendmsg.
    reads: 'greedy',
    descriptors: { ahead },
    fdsPerSend: FDS_PER_SEND,

    measure: Object.assign((buffered: Uint8Array) => measureAt(buffered, 0), { at: measureAt }),

    cut(frame) {
      const signature = signatureAt(frame, 0);
      if (signature.makes) {
        naming(frame, signature, () => {
          const made = newObjects(frame, signature);
          objects.requireAll(
            peer,
            made.map(({ id }) => id),
          );
          for (const { id, name } of made) objects.add(peer, id, name);
        });
      }
      cutFrames.add(frame, signature);
      if (signature.frees && received === 'events')
        naming(frame, signature, () => objects.delete(readUint(frame, HEADER_LENGTH)));
      count++;
    },

    decode(frame) {
      requireFrame(frame);
      // Messages behind it may be cut by now, which free its object or make another of that id.
      const signature = cutFrames.get(frame.bytes) ?? signatureAt(frame.bytes, 0);
      const args = naming(frame.bytes, signature, () => readArguments(frame.bytes, signature, frame.fds));
      return {
        object: readUint(frame.bytes, 0),
        interface: signature.owner,
        name: signature.name,
        args: Object.fromEntries(args),
        fds: frame.fds.splice(0),
      };
    },

    encode(message) {
      requireObject('a message', message);
      const { object, name, args = {}, transfer } = message;
      const type = objects.get(object);
      if (type === undefined) throw invalidValue(`there is no object ${describeValue(object)}`);
      const opcode = type[sent].findIndex((each) => each.name === name);
      const signature = type[sent][opcode];
      if (signature === undefined)
        throw invalidValue(`${type.name} has no ${sent.slice(0, -1)} ${describeValue(name)}`);
      const { bytes, fds, made } = writeArguments(`${type.name}.${name}`, signature, args);
      if (bytes.length > maxLength) throw tooLarge(bytes.length, maxLength);
      // What sending would refuse is refused before anything is remembered.
      requireTransfer(transfer, fds);
      const fdArgs = signature.args.filter(({ type: each }) => each === 'fd');
      for (const [at, fd] of fds.entries()) {
        const given = typeof transfer === 'object' ? transfer[at] : transfer;
        numberOf(fd, given, () => `${fdArgs[at]?.name} of ${type.name}.${name}`);
      }
      const ids = made.map(({ id }) => id);
      saying(
        () => `${type.name}.${name}`,
        () => objects.requireAll(side, ids),
      );
      if (signature.frees) objects.delete(Number(args['id']));
      for (const each of made) objects.add(side, each.id, each.name);
      writeHeader(bytes, object, opcode);
      return { bytes, fds, transfer };
    },
  };
}

/** Names the message in what is wrong with it. */
function saying<Result>(named: () => string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof AncillaryError)) throw error;
    throw invalid(`${named()} ${error.message}`);
  }
}

function tooLarge(length: number, maxLength: number): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_TOO_LARGE',
    `a message of ${counted(length, 'byte')} is longer than the ${maxLength} allowed`,
  );
}

function requireCount(name: string, given: unknown, most: number): void {
  if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= most) return;
  throw wrongNumber(`${name} is an integer from 1 to ${most}`, given);
}
