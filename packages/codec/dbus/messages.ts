import {
  counted,
  invalidValue,
  type OptionNames,
  outOfRange,
  type OwnedFd,
  requireBytes,
  requireDescriptors,
  requireObject,
  requireOptions,
  wrongNumber,
} from '../../binding';
import { type FdLike, type FrameCodec, MAX_FDS_PER_SENDMSG, type Measured, refuseAsFactory } from '../../stream';
import { requireFrame } from '../payload';
import { declaredFds } from './fields';
import { type DBusHeader, readHeader } from './header';
import { FIXED_LENGTH, layoutAt, LONGEST_MESSAGE } from './layout';
import { type DBusOutgoingHeader, marshalHeader } from './marshal-header';

export interface DBusMessagesOptions {
  /** The longest message, in bytes, that is received or sent; default 128 MiB, which is the most that D-Bus allows. */
  maxLength?: number | undefined;
  /**
   * The most descriptors that a message may be sent with; default 16. dbus-daemon and libdbus close the connection if there are
   * more, unless they are configured otherwise. At most 253, since all go with one sendmsg: dbus-daemon and dbus-broker drop
   * those of a second one. Set it to 0 where the peer did not agree to have any.
   */
  maxFds?: number | undefined;
}

const OPTIONS: OptionNames<DBusMessagesOptions> = { maxLength: true, maxFds: true };

/** A received message: its header, and the whole of it as bytes, since its body is for a library of D-Bus to read. */
export type DBusMessage = DBusHeader & {
  /** The whole message. */
  readonly bytes: Buffer;
  /** Its body alone, a view of {@link bytes}. */
  readonly body: Buffer;
  /** In the order that values of the type `h` in the body count them. Whoever receives the message owns them. */
  readonly fds: OwnedFd[];
};

/** The descriptors of a message to send. */
interface OutgoingFds {
  /** Borrowed, unless `transfer` says otherwise. */
  readonly fds?: readonly FdLike[] | undefined;
  /** Close them when sent or failed: all, or each for which it is true. */
  readonly transfer?: boolean | readonly boolean[] | undefined;
}

/** A message to send: as bytes, or as what stands in its header with its body as bytes. */
export type DBusOutgoing = OutgoingFds &
  (
    | {
        /** The whole message, as a library of D-Bus marshals it. Its header must declare the descriptors (UNIX_FDS). */
        readonly bytes: Uint8Array;
      }
    | (DBusOutgoingHeader & {
        readonly bytes?: undefined;
        /** Its values, as a library of D-Bus marshals them; default: none. */
        readonly body?: Uint8Array | undefined;
      })
  );

/** dbus-daemon's limit for a message, and libdbus's, which every client of it has. */
const USUAL_MAX_FDS = 16;
const EMPTY = new Uint8Array();

/**
 * Messages of D-Bus, once the handshake is over ({@link dbusHandshake}): the length of each is in its fixed header, and how many
 * descriptors it has in the header field UNIX_FDS. Both byte orders are read. The codec keeps no state.
 *
 * A bus that ends a connection does not say why: the loop over its messages ends as if it had stopped, or rejects with ECONNRESET.
 *
 * D-Bus Specification, "Message Protocol": descriptors come neither before the first byte of their message nor after its last.
 *
 * @throws TypeError and RangeError for options. Its `measure` throws ERR_FRAME_INVALID, and ERR_FRAME_TOO_LARGE before
 * anything is allocated; its `encode` TypeError and RangeError, too.
 */
export function dbusMessages(options: DBusMessagesOptions = {}): FrameCodec<DBusMessage, DBusOutgoing> {
  refuseAsFactory('dbusMessages', options);
  requireOptions('dbusMessages()', options, OPTIONS);
  const { maxLength = LONGEST_MESSAGE, maxFds = USUAL_MAX_FDS } = options;
  requireCount('maxLength', maxLength, FIXED_LENGTH, LONGEST_MESSAGE);
  requireCount('maxFds', maxFds, 0, MAX_FDS_PER_SENDMSG);

  const measureAt = (memory: Uint8Array, start: number): Measured => {
    const buffered = memory.length - start;
    if (buffered < FIXED_LENGTH) return { need: FIXED_LENGTH };
    const layout = layoutAt(memory, start, maxLength);
    if (memory.length < layout.fieldsEnd) return { need: layout.fieldsEnd - start };
    return { length: layout.end - start, fds: declaredFds(memory, start, layout) };
  };

  return {
    // Each sendmsg of libdbus, GDBus and sd-bus that has descriptors has bytes of one message only.
    reads: 'greedy',

    measure: Object.assign((buffered: Uint8Array) => measureAt(buffered, 0), { at: measureAt }),

    decode(frame) {
      const { bytes } = requireFrame(frame);
      const message = readHeader(bytes);
      message['bytes'] = bytes;
      message['body'] = bytes.subarray(bytes.length - Number(message['bodyLength']));
      message['fds'] = frame.fds.splice(0);
      return message as unknown as DBusMessage;
    },

    encode(message) {
      requireObject('a message', message);
      const { fds = [], transfer = false } = message;
      requireDescriptors(fds);
      if (fds.length > maxFds) {
        throw outOfRange(
          `fds has ${fds.length} descriptors, where at most maxFds, ${maxFds}, may be sent with a message`,
        );
      }
      if (message.bytes === undefined) return { bytes: marshalled(message, fds.length), fds, transfer };
      const { bytes } = message;
      requireBytes('bytes', bytes);
      const measured = measureAt(bytes, 0);
      if (!('length' in measured) || measured.length !== bytes.length) {
        throw invalidValue(`bytes has ${counted(bytes.length, 'byte')}, which is not one whole D-Bus message`);
      }
      if (measured.fds !== fds.length) {
        const declared = counted(Number(measured.fds), 'descriptor');
        throw invalidValue(`the message declares ${declared} (UNIX_FDS), and fds has ${fds.length}`);
      }
      return { bytes, fds, transfer };
    },
  };

  /** @throws ERR_FRAME_TOO_LARGE; as {@link marshalHeader} */
  function marshalled(
    message: DBusOutgoingHeader & { readonly body?: Uint8Array | undefined },
    fds: number,
  ): Uint8Array[] {
    const { body = EMPTY } = message;
    requireBytes('body', body);
    const header = marshalHeader(message, body.length, fds);
    layoutAt(header, 0, maxLength);
    return body.length === 0 ? [header] : [header, body];
  }
}

function requireCount(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw wrongNumber(`${name} is a number from ${least} to ${most}`, value);
}
