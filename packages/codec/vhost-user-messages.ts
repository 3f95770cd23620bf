import { endianness } from 'node:os';
import {
  AncillaryError,
  type OptionNames,
  outOfRange,
  type OwnedFd,
  requireBoolean,
  requireBytes,
  requireObject,
  requireOptions,
  wrongNumber,
} from '../binding';
import { type FdLike, type FrameCodec, type Measured, type MeasureAt, refuseAsFactory } from '../stream';
import { around, doubtOf, type InDoubt, requireFds, requireFrame, requireMaxLength, tooLarge } from './payload';

export interface VhostUserMessagesOptions {
  /** The longest payload, in bytes, that is received or sent; default 64 KiB. */
  maxLength?: number | undefined;
}

const OPTIONS: OptionNames<VhostUserMessagesOptions> = { maxLength: true };

/** A received message; whoever receives it owns the descriptors. */
export interface VhostUserMessage extends InDoubt {
  /** The number of its type, such as 5 for VHOST_USER_SET_MEM_TABLE. */
  request: number;
  /** Whether it is the reply to such a request. */
  reply: boolean;
  /** Whether a reply is wanted also where the request has none of its own (VHOST_USER_PROTOCOL_F_REPLY_ACK). */
  needReply: boolean;
  payload: Buffer;
  fds: OwnedFd[];
}

/** A message to send; the descriptors are borrowed. */
export interface OutgoingVhostUserMessage {
  request: number;
  reply?: boolean | undefined;
  needReply?: boolean | undefined;
  payload?: Uint8Array | undefined;
  fds?: readonly FdLike[] | undefined;
}

// "Header": three numbers of 32 bits in the byte order of the machine.
const HEADER_LENGTH = 12;
const LITTLE_ENDIAN = endianness() === 'LE';
const VERSION = 1;
const VERSION_BITS = 3;
const REPLY = 1 << 2;
const NEED_REPLY = 1 << 3;
/** "A maximum of 8 file descriptors": as many regions of memory as VHOST_USER_SET_MEM_TABLE has. */
const MOST_FDS = 8;
const DEFAULT_MAX_LENGTH = 64 * 1024;
const MOST_UINT32 = 0xffff_ffff;
const NOTHING = new Uint8Array();

/**
 * Messages of vhost-user, over which a virtual machine gives its memory and queues to another process: "Message Specification"
 * of https://www.qemu.org/docs/master/interop/vhost-user.html. Descriptors come with the first byte of their message. QEMU and
 * its backends read the header first, with room for 8, and then the payload, so reads are bounded here, too.
 *
 * @throws TypeError and RangeError for options. Its `measure` throws ERR_FRAME_TOO_LARGE before anything is allocated, and
 * ERR_FRAME_INVALID for another version; its `decode` ERR_FD_SURPLUS for more than 8 descriptors. `encode` throws TypeError and
 * RangeError.
 */
export function vhostUserMessages(
  options: VhostUserMessagesOptions = {},
): FrameCodec<VhostUserMessage, OutgoingVhostUserMessage> {
  refuseAsFactory('vhostUserMessages', options);
  requireOptions('vhostUserMessages()', options, OPTIONS);
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  requireMaxLength(maxLength);

  /** @throws ERR_FRAME_TOO_LARGE, ERR_FRAME_INVALID */
  const measureAt: MeasureAt = (memory, start): Measured => {
    if (memory.length - start < HEADER_LENGTH) return { need: HEADER_LENGTH };
    const version = readUint32(memory, start + 4) & VERSION_BITS;
    if (version !== VERSION) throw wrongVersion(version);
    const length = readUint32(memory, start + 8);
    if (length > maxLength) throw tooLarge(length, maxLength);
    return { length: HEADER_LENGTH + length, fds: 'attached' };
  };

  return {
    reads: 'bounded',
    fdsPerSend: MOST_FDS,

    measure: Object.assign((buffered: Uint8Array) => measureAt(buffered, 0, 0), { at: measureAt }),

    decode(frame) {
      const { bytes, fds, range } = requireFrame(frame);
      if (fds.length > MOST_FDS)
        throw new AncillaryError(
          'ERR_FD_SURPLUS',
          `the message at bytes ${range.start} to ${range.end} came with ${fds.length} descriptors, where at most ${MOST_FDS} ` +
            `may come; all of them are closed`,
        );
      const flags = readUint32(bytes, 4);
      return {
        request: readUint32(bytes, 0),
        reply: (flags & REPLY) !== 0,
        needReply: (flags & NEED_REPLY) !== 0,
        payload: bytes.subarray(HEADER_LENGTH),
        fds: fds.splice(0),
        ...doubtOf(frame),
      };
    },

    encode(message) {
      requireObject('a message', message);
      const { request, reply, needReply, payload = NOTHING, fds = [] } = message;
      if (!Number.isInteger(request) || request < 0 || request > MOST_UINT32)
        throw wrongNumber('request is a number of 32 bits', request);
      requireBoolean('reply', reply);
      requireBoolean('needReply', needReply);
      requireBytes('payload', payload);
      requireFds(fds);
      if (payload.length > maxLength) throw tooLarge(payload.length, maxLength);
      if (fds.length > MOST_FDS)
        throw outOfRange(`a message of vhost-user has at most ${MOST_FDS} descriptors, not ${fds.length}`);
      const flags = VERSION | (reply === true ? REPLY : 0) | (needReply === true ? NEED_REPLY : 0);
      // Its numbers are in the order of the machine, as those of typed arrays are.
      const header = new Uint8Array(Uint32Array.of(request, flags, payload.length).buffer);
      return { bytes: around(header, payload, NOTHING), fds };
    },
  };
}

/** In the order of the machine; byte by byte, since messages need not lie at a multiple of four. */
function readUint32(from: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) value = (value << 8) | (from[at + (LITTLE_ENDIAN ? 3 - index : index)] ?? 0);
  return value >>> 0;
}

function wrongVersion(version: number): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_INVALID',
    `a message of vhost-user has version ${version}, and there is only ${VERSION}`,
  );
}
