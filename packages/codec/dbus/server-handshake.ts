import { AncillaryError, describeValue, type PeerCredentials } from '../../binding';
import type { FdSocket } from '../../stream';
import type { DBusHandshake, DBusMechanism, ServerOptions } from './handshake-options';
import { fromHex, type SaslConversation, type SaslLine } from './sasl-lines';

/** How often a client may be refused, or send what is not understood, before it is disconnected. */
const MOST_REFUSALS = 8;

/** D-Bus Specification, "Server states". @throws ERR_UNAUTHORIZED; as {@link SaslConversation.next} */
export async function serverHandshake(
  socket: FdSocket,
  sasl: SaslConversation,
  options: ServerOptions,
): Promise<DBusHandshake> {
  const server = new ServerSide(socket, options);
  for (;;) {
    const answer = await server.answer(await server.refusedWhere(sasl.next()));
    if (answer === undefined) return server.result();
    await server.refusedWhere(sasl.say(answer));
    if (server.refusals >= MOST_REFUSALS) {
      const last = `the last time for ${sasl.last ?? 'nothing'}`;
      throw unauthorized(`the D-Bus client was refused ${MOST_REFUSALS} times, ${last}; the socket is destroyed`);
    }
  }
}

/** As who a client leaves that was refused, or is about to: it may close before it has read that. */
const LEFT = ['ERR_FRAME_INCOMPLETE', 'ECONNRESET', 'EPIPE'];

class ServerSide {
  readonly #options: ServerOptions;
  /** As the kernel knows it; once the connection is gone, nobody does. */
  readonly #peer: PeerCredentials;
  /** EXTERNAL, of which the client has not said who it is. */
  #waitsForData = false;
  #accepted: DBusMechanism | undefined;
  #unixFds = false;
  /** Why the client was rejected, if that is the last that it was told. */
  #rejectedFor: string | undefined;
  refusals = 0;

  constructor(socket: FdSocket, options: ServerOptions) {
    this.#options = options;
    this.#peer = socket.peerCredentials;
  }

  /** @throws ERR_UNAUTHORIZED for BEGIN before OK */
  result(): DBusHandshake {
    if (this.#accepted === undefined) {
      throw unauthorized('the D-Bus client began before it was accepted; the socket is destroyed');
    }
    return { mechanism: this.#accepted, unixFds: this.#unixFds, guid: this.#options.guid };
  }

  /** @throws ERR_UNAUTHORIZED for a client that leaves after it was rejected; what it rejects with otherwise */
  async refusedWhere<Result>(step: Promise<Result>): Promise<Result> {
    try {
      return await step;
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (this.#rejectedFor === undefined || !LEFT.includes(String(code))) throw error;
      const { pid, uid } = this.#peer;
      throw unauthorized(
        `the D-Bus client, process ${pid} of user ${uid}, was rejected (${this.#rejectedFor}) and left; the socket is destroyed`,
        { cause: error },
      );
    }
  }

  /** What to say to a line; nothing when it is the last one. */
  async answer({ command, argument }: SaslLine): Promise<string | undefined> {
    this.#rejectedFor = undefined;
    const waitsForAuth = this.#accepted === undefined && !this.#waitsForData;
    if (command === 'BEGIN') return undefined;
    if (command === 'AUTH' && waitsForAuth) return await this.#auth(argument);
    if (command === 'DATA' && this.#waitsForData) return await this.#external(argument);
    if (command === 'NEGOTIATE_UNIX_FD' && this.#accepted !== undefined) return this.#negotiate();
    if (command === 'ERROR' || (command === 'CANCEL' && !waitsForAuth)) return this.#reject(`it said ${command}`);
    this.refusals++;
    return 'ERROR';
  }

  async #auth(argument: string): Promise<string> {
    const [mechanism = '', response = ''] = argument.split(' ');
    const known = this.#options.mechanisms.find((name) => name === mechanism);
    if (known === 'ANONYMOUS') return await this.#accept('ANONYMOUS');
    if (known === undefined) {
      const asked = mechanism === '' ? 'it asked for no mechanism' : `it asked for ${describeValue(mechanism)}`;
      return this.#reject(`${asked}, and may have ${this.#options.mechanisms.join(' or ')}`);
    }
    if (response !== '') return await this.#external(response);
    this.#waitsForData = true;
    return 'DATA';
  }

  /** Who the client says it is must be who the kernel says it is; nobody in particular is the same. */
  async #external(response: string): Promise<string> {
    const identity = fromHex(response);
    const { uid } = this.#peer;
    if (identity === '' || identity === String(uid)) return await this.#accept('EXTERNAL');
    return this.#reject(identity === undefined ? 'its identity is no hexadecimal' : 'it said that it is another user');
  }

  async #accept(mechanism: DBusMechanism): Promise<string> {
    if (!(await this.#options.authorize({ mechanism, peer: this.#peer })))
      return this.#reject('authorize() does not accept it');
    this.#waitsForData = false;
    this.#accepted = mechanism;
    return `OK ${this.#options.guid}`;
  }

  #negotiate(): string {
    // Once is enough: a client could go on with it.
    if (this.#unixFds || !this.#options.unixFds) this.refusals++;
    if (!this.#options.unixFds) return 'ERROR';
    this.#unixFds = true;
    return 'AGREE_UNIX_FD';
  }

  #reject(why: string): string {
    this.refusals++;
    this.#rejectedFor = why;
    this.#waitsForData = false;
    this.#accepted = undefined;
    this.#unixFds = false;
    return `REJECTED ${this.#options.mechanisms.join(' ')}`;
  }
}

function unauthorized(message: string, options?: ErrorOptions): AncillaryError {
  return new AncillaryError('ERR_UNAUTHORIZED', message, options);
}
