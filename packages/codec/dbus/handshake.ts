import { AncillaryError, requireMethods, systemError } from '../../binding';
import { asError, type FdSocket, requireSignal, requireUnread, throwIfAborted } from '../../stream';
import { clientHandshake } from './client-handshake';
import {
  checkedOptions,
  type CheckedOptions,
  type DBusHandshake,
  type DBusHandshakeOptions,
} from './handshake-options';
import { endedInHandshake, NUL_BYTE, SaslConversation } from './sasl-lines';
import { serverHandshake } from './server-handshake';

/**
 * The handshake that a connection of D-Bus begins with (D-Bus Specification, "Authentication Protocol"): who the client is, and
 * whether descriptors may be passed. Nothing that comes after its last line is taken: read on with `dbusMessages()`, and
 * what the peer sent at once is there, with its descriptors.
 *
 * If it fails the socket is destroyed, and 'error' is emitted only where somebody listens.
 * @throws ERR_UNAUTHORIZED where one side does not accept the other, on both sides; ERR_FRAME_INVALID, also for 8 lines that are no answer, ERR_FRAME_TOO_LARGE, ERR_FD_SURPLUS
 * and ERR_FRAME_INCOMPLETE for a peer that breaks the protocol; ETIMEDOUT; AbortError; what `authorize` throws; system errors;
 * TypeError and RangeError for arguments, and ERR_FD_MODE while the socket is read in another way: both leave it as it was
 */
export async function dbusHandshake(socket: FdSocket, options: DBusHandshakeOptions = {}): Promise<DBusHandshake> {
  requireMethods('socket', 'an FdSocket, which adopt() makes of a net.Socket', socket, ['frames', 'send']);
  const checked = checkedOptions(options);
  requireSignal(checked.signal);
  socket[requireUnread]('dbusHandshake()');
  const sasl = new SaslConversation(socket, checked.maxLineLength);
  const deadline = new Deadline(checked.timeout, checked.signal, sasl);
  try {
    throwIfAborted(checked.signal);
    return await Promise.race([deadline.passed, converse(socket, sasl, checked)]);
  } catch (error) {
    const reason = asError(error);
    socket.destroy(socket.listenerCount('error') > 0 ? reason : undefined);
    throw reason;
  } finally {
    deadline.clear();
  }
}

async function converse(socket: FdSocket, sasl: SaslConversation, options: CheckedOptions): Promise<DBusHandshake> {
  if (options.side === 'client') await socket.send('\0');
  else await takeNulByte(socket);
  try {
    return await (options.side === 'client' ? clientHandshake(sasl, options) : serverHandshake(socket, sasl, options));
  } finally {
    sasl.leave();
  }
}

async function takeNulByte(socket: FdSocket): Promise<void> {
  for await (const { bytes } of socket.frames(NUL_BYTE)) {
    if (bytes[0] === 0) return;
    throw new AncillaryError('ERR_FRAME_INVALID', `a D-Bus client begins with a zero byte, not with ${bytes[0]}`);
  }
  throw endedInHandshake();
}

/** When to give up. */
class Deadline {
  /** Rejects then. */
  readonly passed: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #abort = (): void => undefined;

  constructor(milliseconds: number, signal: AbortSignal | undefined, heard: { readonly last: string | undefined }) {
    this.#signal = signal;
    this.passed = new Promise((_resolve, reject) => {
      const expire = (): void => {
        const last =
          heard.last === undefined ? 'the peer said nothing' : `the last that the peer said is ${heard.last}`;
        const detail = `the D-Bus handshake was not over in ${milliseconds} ms, and ${last}; the socket is destroyed`;
        reject(systemError('ETIMEDOUT', 'recvmsg', detail));
      };
      if (milliseconds !== Infinity) this.#timer = setTimeout(expire, milliseconds);
      this.#abort = (): void => {
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(asError(error));
        }
      };
      signal?.addEventListener('abort', this.#abort);
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}
