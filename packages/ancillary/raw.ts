import {
  AncillaryError,
  counted,
  type OptionNames,
  outOfRange,
  OwnedFd,
  requireBytes,
  requireDescriptors,
  requireOptions,
  wrongNumber,
} from '../binding';
import { addon, checked, nativeBinding } from '../binding-native';
import { type FdLike, numberOf } from '../stream';

export interface ReceivedMessage {
  bytesRead: number;
  /** The caller owns them. */
  fds: OwnedFd[];
  /** Descriptors were dropped: by the kernel (MSG_CTRUNC), or closed here since they were more than `maxFds`. */
  truncated: boolean;
  /** msg_flags as recvmsg(2) returned them, without MSG_CMSG_CLOEXEC, which it always echoes (docs/kernel.md 29). */
  flags: number;
}

export interface ReceiveMessageOptions {
  /** Descriptors wanted, at most; default 253. Those beyond are closed. */
  maxFds?: number | undefined;
}

const RECEIVE_OPTIONS: OptionNames<ReceiveMessageOptions> = { maxFds: true };

/**
 * One sendmsg(2), never blocking, on a Unix socket of any type.
 * @returns the bytes accepted; the descriptors, which are borrowed, left with the first of them
 * @throws ERR_FD_WITHOUT_BYTES for descriptors without bytes on a stream socket, which the kernel would drop in silence
 * (docs/kernel.md 15); EAGAIN and other system errors, with nothing sent
 */
export function sendMessage(fd: FdLike, bytes: Uint8Array, fds: readonly FdLike[] = []): number {
  const { SO_TYPE, SOCK_STREAM } = addon.constants;
  requireBytes('bytes', bytes);
  requireDescriptors(fds);
  const socket = numberOf(fd);
  const numbers = [...fds].map((each, at) => numberOf(each, false, at));
  if (bytes.length === 0 && fds.length > 0 && addon.getSocketOption(socket, SO_TYPE) === SOCK_STREAM) {
    throw new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      `${counted(fds.length, 'descriptor')} without a byte to ride on; nothing was sent`,
    );
  }
  const { SCM_MAX_FD } = addon.constants;
  const detail = fds.length > SCM_MAX_FD ? `${fds.length} descriptors, where ${SCM_MAX_FD} are the most` : undefined;
  return checked(addon.sendMessage(socket, bytes, numbers), 'sendmsg', detail);
}

/**
 * One recvmsg(2), never blocking, on a Unix socket of any type, with room for all the descriptors the kernel can send.
 * @param buffer where the bytes go; at least one byte long
 * @throws RangeError; EAGAIN and other system errors
 */
export function receiveMessage(fd: FdLike, buffer: Uint8Array, options: ReceiveMessageOptions = {}): ReceivedMessage {
  requireOptions('receiveMessage()', options, RECEIVE_OPTIONS);
  const { maxFds = addon.constants.SCM_MAX_FD } = options;
  if (!Number.isInteger(maxFds) || maxFds < 0) throw wrongNumber('maxFds is an integer from 0 up', maxFds);
  requireBytes('buffer', buffer);
  if (buffer.length === 0) throw outOfRange('a buffer without room would drop the descriptors');
  const bytesRead = checked(addon.receiveMessage(numberOf(fd), buffer), 'recvmsg');
  const count = addon.readState[0] ?? 0;
  const flags = addon.readState[1] ?? 0;
  const fds = Array.from(addon.readFds.subarray(0, count), (each) => OwnedFd.ofLedger(each, nativeBinding.descriptors));
  const surplus = OwnedFd.closeAll(fds.splice(maxFds));
  return { bytesRead, fds, truncated: surplus > 0 || (flags & addon.constants.MSG_CTRUNC) !== 0, flags };
}
