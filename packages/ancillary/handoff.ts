import {
  counted,
  type OptionNames,
  type OwnedFd,
  requireBoolean,
  requireMethods,
  requireOptions,
  systemError,
  wrongNumber,
} from '../binding';
import {
  asError,
  type FdFrame,
  type FdLike,
  type FdSocket,
  holdReading,
  numberOf,
  requireSignal,
  reserveReading,
} from '../stream';
import { giveUp, refuse, reportedBySocket, show } from './refused-handoff';
import { TurnLine } from './turn-line';

export interface SendFdOptions {
  /**
   * Wait until the receiver says that it has the descriptor: 'D' with the descriptor, answered by 'A', which is the
   * protocol of Apple's Technical Q&A QA1541. `receiveFd()` answers; another receiver that does not lets it wait. Default false.
   */
  acknowledge?: boolean | undefined;
  /**
   * The byte that the descriptor rides on; default 0x01, which Python's multiprocessing insists on (docs/kernel.md 31),
   * or 'D' with `acknowledge`.
   */
  byte?: number | undefined;
  /** Gives up with an AbortError. The descriptor is not sent then, or, with `acknowledge`, the socket is destroyed. */
  signal?: AbortSignal | undefined;
}

export interface ReceiveFdOptions {
  /**
   * Answer with 'A', as `sendFd` with `acknowledge` expects; the byte must then be 'D'. Default: where it is. With false never, for
   * a sender whose byte is 'D' and that expects nothing.
   */
  acknowledge?: boolean | undefined;
  /**
   * Gives up with an AbortError. No descriptor was taken then, and the socket stays open; while the answer waits to be sent,
   * it is destroyed instead.
   */
  signal?: AbortSignal | undefined;
}

const SEND_OPTIONS: OptionNames<SendFdOptions> = { acknowledge: true, byte: true, signal: true };
const RECEIVE_OPTIONS: OptionNames<ReceiveFdOptions> = { acknowledge: true, signal: true };
const ONE_DESCRIPTOR = 0x01;
const DESCRIPTOR = 0x44; // 'D'
const ACKNOWLEDGED = 0x41; // 'A'
/** The peer closed: having read what was sent, or not (docs/kernel.md 13). */
const CLOSED = new Set<string | undefined>(['ERR_FRAME_INCOMPLETE', 'ECONNRESET']);

/** Of sockets by which descriptors are handed over: answers come in the order of what they answer. */
const sending = new WeakMap<FdSocket, TurnLine>();
const receiving = new WeakMap<FdSocket, TurnLine>();

/**
 * Sends one descriptor on one byte, as plain C `sendfd`, Perl's IO::FDPass and Python do. The descriptor is borrowed;
 * with `acknowledge` it must stay open until the promise settles, on macOS for the kernel's sake (docs/kernel.md 25).
 *
 * With `acknowledge` several are sent one after the other, each when the one before is acknowledged. It rejects with
 * ERR_FD_MODE, and nothing is sent, while something else reads the socket; with EPIPE when the receiver closes without an
 * answer, ERR_FD_REFUSED when the answer is another byte (the socket is destroyed), an AbortError; otherwise as
 * `FdSocket.send()`, also where it need not be awaited.
 */
export function sendFd(socket: FdSocket, fd: FdLike, options: SendFdOptions = {}): Promise<void> {
  try {
    requireSocket(socket);
    requireOptions('sendFd()', options, SEND_OPTIONS);
    requireBoolean('acknowledge', options.acknowledge);
    requireSignal(options.signal);
    const { acknowledge = false, byte = acknowledge ? DESCRIPTOR : ONE_DESCRIPTOR, signal } = options;
    if (!Number.isInteger(byte) || byte < 0 || byte > 255) throw wrongNumber('byte is an integer from 0 to 255', byte);
    if (!acknowledge) return sendOne(socket, fd, byte, signal);
    return reportedBySocket(socket, sendAcknowledged(socket, fd, byte, signal));
  } catch (error) {
    return Promise.reject(asError(error));
  }
}

async function sendAcknowledged(
  socket: FdSocket,
  fd: FdLike,
  byte: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Held longer than by send(): what the receiver does not acknowledge is still served here, and goes on being read.
  const hold = holdReading(fd);
  try {
    await lineOf(sending, socket).take(signal, async () => {
      // Before anything is sent, since nobody could take the answer while the socket is read in another way.
      const answer = socket[reserveReading](1, signal);
      try {
        await sendOne(socket, fd, byte, signal);
        await acknowledgement(socket, answer.read(), signal).catch((error: unknown) => {
          hold?.takeBack();
          throw error;
        });
      } finally {
        answer.leave();
      }
    });
    hold?.sent();
  } catch (error) {
    hold?.failed();
    throw error;
  }
}

/** @throws TypeError, ERR_FD_CLOSED and ERR_FD_BUSY by the name that the user knows, where send() would say `fds[0]` */
function sendOne(socket: FdSocket, fd: FdLike, byte: number, signal: AbortSignal | undefined): Promise<void> {
  numberOf(fd);
  return socket.send(Uint8Array.of(byte), [fd], { signal });
}

async function acknowledgement(
  socket: FdSocket,
  frame: Promise<FdFrame>,
  signal: AbortSignal | undefined,
): Promise<void> {
  using answer = await received(frame, 'before it acknowledged the descriptor').catch((error: unknown) => {
    // The answer may be on its way, and would be taken for that of the next one.
    if (signal?.aborted === true) giveUp(socket);
    throw error;
  });
  if (answer.bytes[0] !== ACKNOWLEDGED || answer.fds.length > 0) {
    throw refuse(socket, 'ERR_FD_REFUSED', `the receiver answered ${show(answer)} instead of 'A'`);
  }
}

/**
 * Receives one byte with exactly one descriptor, which the caller owns. Never reads further, so messages may follow.
 *
 * Rejects with EPIPE when the stream ends instead, ERR_FD_MISSING when the byte came alone, ERR_FD_SURPLUS when it came
 * with several, ERR_FD_TRUNCATED, and with `acknowledge: true` ERR_FD_REFUSED when it is not 'D'. The socket is destroyed then,
 * nothing is acknowledged, and whatever came is closed; so is the descriptor when the acknowledgement cannot be sent.
 */
export async function receiveFd(socket: FdSocket, options: ReceiveFdOptions = {}): Promise<OwnedFd> {
  requireSocket(socket);
  requireOptions('receiveFd()', options, RECEIVE_OPTIONS);
  requireBoolean('acknowledge', options.acknowledge);
  const { acknowledge, signal } = options;
  requireSignal(signal);
  return lineOf(receiving, socket).take(signal, () => receiveOne(socket, acknowledge, signal));
}

async function receiveOne(
  socket: FdSocket,
  acknowledge: boolean | undefined,
  signal: AbortSignal | undefined,
): Promise<OwnedFd> {
  using frame = await received(socket.receive(1, { signal }), 'before a descriptor came');
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
  if (acknowledge ?? frame.bytes[0] === DESCRIPTOR) {
    if (frame.bytes[0] !== DESCRIPTOR) throw refuse(socket, 'ERR_FD_REFUSED', `${show(frame)} came instead of 'D'`);
    await socket.send(Uint8Array.of(ACKNOWLEDGED), [], { signal }).catch((error: unknown) => {
      // The sender waits for an answer, which the next one would be taken for.
      giveUp(socket);
      throw error;
    });
  }
  frame.fds.length = 0;
  return fd;
}

function lineOf(lines: WeakMap<FdSocket, TurnLine>, socket: FdSocket): TurnLine {
  let line = lines.get(socket);
  if (line === undefined) {
    line = new TurnLine();
    lines.set(socket, line);
  }
  return line;
}

function requireSocket(socket: FdSocket): void {
  requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['send', 'receive']);
}

async function received(frame: Promise<FdFrame>, when: string): Promise<FdFrame> {
  try {
    return await frame;
  } catch (error) {
    if (!CLOSED.has((error as NodeJS.ErrnoException).code)) throw error;
    throw systemError('EPIPE', 'recvmsg', `the peer closed ${when}`, { cause: error });
  }
}
