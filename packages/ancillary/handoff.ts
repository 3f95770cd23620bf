import {
  AncillaryError,
  counted,
  describeValue,
  type OptionNames,
  outOfRange,
  type OwnedFd,
  requireBoolean,
  requireMethods,
  requireOptions,
  systemError,
} from '../binding';
import { type FdFrame, type FdLike, type FdSocket, holdReading } from '../stream';

export interface SendFdOptions {
  /**
   * Wait until the receiver says that it has the descriptor: 'D' with the descriptor, answered by 'A', which is the
   * protocol of Apple's Technical Q&A QA1541. Both sides must agree on it. Default false.
   */
  acknowledge?: boolean | undefined;
  /**
   * The byte that the descriptor rides on; default 0x01, which Python's multiprocessing insists on (docs/kernel.md 31),
   * or 'D' with `acknowledge`.
   */
  byte?: number | undefined;
}

export interface ReceiveFdOptions {
  /** Answer with 'A', as `sendFd` with `acknowledge` expects; the byte must then be 'D'. Default false. */
  acknowledge?: boolean | undefined;
}

const SEND_OPTIONS: OptionNames<SendFdOptions> = { acknowledge: true, byte: true };
const RECEIVE_OPTIONS: OptionNames<ReceiveFdOptions> = { acknowledge: true };
const ONE_DESCRIPTOR = 0x01;
const DESCRIPTOR = 0x44; // 'D'
const ACKNOWLEDGED = 0x41; // 'A'
/** The peer closed: having read what was sent, or not (docs/kernel.md 13). */
const CLOSED = new Set<string | undefined>(['ERR_FRAME_INCOMPLETE', 'ECONNRESET']);

/**
 * Sends one descriptor on one byte, as plain C `sendfd`, Perl's IO::FDPass and Python do. The descriptor is borrowed;
 * with `acknowledge` it must stay open until the promise settles, on macOS for the kernel's sake (docs/kernel.md 25).
 *
 * With `acknowledge` it rejects with EPIPE when the receiver closes without an answer, ERR_FD_REFUSED when the answer is
 * another byte (the socket is destroyed); otherwise as `FdSocket.send()`.
 */
export async function sendFd(socket: FdSocket, fd: FdLike, options: SendFdOptions = {}): Promise<void> {
  requireSocket(socket);
  requireOptions('sendFd()', options, SEND_OPTIONS);
  requireBoolean('acknowledge', options.acknowledge);
  const { acknowledge = false, byte = acknowledge ? DESCRIPTOR : ONE_DESCRIPTOR } = options;
  if (!Number.isInteger(byte) || byte < 0 || byte > 255)
    throw outOfRange(`byte is an integer from 0 to 255, not ${describeValue(byte)}`);
  if (!acknowledge) return socket.send(Uint8Array.of(byte), [fd]);
  // Held longer than by send(): what the receiver does not acknowledge is still served here, and goes on being read.
  const hold = holdReading(fd);
  let given = false;
  try {
    await socket.send(Uint8Array.of(byte), [fd]);
    given = true;
    await acknowledgement(socket);
    hold?.sent();
  } catch (error) {
    if (given) hold?.takeBack();
    hold?.failed();
    throw error;
  }
}

async function acknowledgement(socket: FdSocket): Promise<void> {
  using answer = await oneByte(socket, 'before it acknowledged the descriptor');
  if (answer.bytes[0] !== ACKNOWLEDGED || answer.fds.length > 0) {
    throw refuse(socket, 'ERR_FD_REFUSED', `the receiver answered ${show(answer)} instead of 'A'`);
  }
}

/**
 * Receives one byte with exactly one descriptor, which the caller owns. Never reads further, so messages may follow.
 *
 * Rejects with EPIPE when the stream ends instead, ERR_FD_MISSING when the byte came alone, ERR_FD_SURPLUS when it came
 * with several, ERR_FD_TRUNCATED, and with `acknowledge` ERR_FD_REFUSED when it is not 'D'. The socket is destroyed then,
 * nothing is acknowledged, and whatever came is closed; so is the descriptor when the acknowledgement cannot be sent.
 */
export async function receiveFd(socket: FdSocket, options: ReceiveFdOptions = {}): Promise<OwnedFd> {
  requireSocket(socket);
  requireOptions('receiveFd()', options, RECEIVE_OPTIONS);
  requireBoolean('acknowledge', options.acknowledge);
  const { acknowledge = false } = options;
  using frame = await oneByte(socket, 'before a descriptor came');
  if (frame.truncated)
    throw refuse(socket, 'ERR_FD_TRUNCATED', 'the kernel dropped the descriptor, or others beside it');
  const [fd, ...others] = frame.fds;
  if (fd === undefined) throw refuse(socket, 'ERR_FD_MISSING', `${show(frame)} came without a descriptor`);
  if (others.length > 0) {
    throw refuse(
      socket,
      'ERR_FD_SURPLUS',
      `${show(frame)} came with ${counted(frame.fds.length, 'descriptor')} instead of one`,
    );
  }
  if (acknowledge) {
    if (frame.bytes[0] !== DESCRIPTOR) throw refuse(socket, 'ERR_FD_REFUSED', `${show(frame)} came instead of 'D'`);
    await socket.send(Uint8Array.of(ACKNOWLEDGED));
  }
  frame.fds.length = 0;
  return fd;
}

function requireSocket(socket: FdSocket): void {
  requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['send', 'receive']);
}

async function oneByte(socket: FdSocket, when: string): Promise<FdFrame> {
  try {
    return await socket.receive(1);
  } catch (error) {
    if (!CLOSED.has((error as NodeJS.ErrnoException).code)) throw error;
    throw systemError('EPIPE', 'recvmsg', `the peer closed ${when}`, { cause: error });
  }
}

function refuse(
  socket: FdSocket,
  code: 'ERR_FD_TRUNCATED' | 'ERR_FD_MISSING' | 'ERR_FD_SURPLUS' | 'ERR_FD_REFUSED',
  what: string,
): AncillaryError {
  const error = new AncillaryError(code, `${what}; everything that came is closed, and so is the socket`);
  // The rejection reports it to the caller.
  socket.destroy();
  return error;
}

function show(frame: FdFrame): string {
  return `the byte 0x${frame.bytes.toString('hex')}`;
}
