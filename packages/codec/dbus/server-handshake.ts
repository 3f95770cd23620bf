import { AncillaryError } from '../../binding';
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
    const answer = await server.answer(await sasl.next());
    if (answer === undefined) return server.result();
    await sasl.say(answer);
    if (server.refusals >= MOST_REFUSALS) {
      throw unauthorized(`the D-Bus client was refused ${MOST_REFUSALS} times; the socket is destroyed`);
    }
  }
}

class ServerSide {
  readonly #socket: FdSocket;
  readonly #options: ServerOptions;
  /** EXTERNAL, of which the client has not said who it is. */
  #waitsForData = false;
  #accepted: DBusMechanism | undefined;
  #unixFds = false;
  refusals = 0;

  constructor(socket: FdSocket, options: ServerOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** @throws ERR_UNAUTHORIZED for BEGIN before OK */
  result(): DBusHandshake {
    if (this.#accepted === undefined) {
      throw unauthorized('the D-Bus client began before it was accepted; the socket is destroyed');
    }
    return { mechanism: this.#accepted, unixFds: this.#unixFds, guid: this.#options.guid };
  }

  /** What to say to a line; nothing when it is the last one. */
  async answer({ command, argument }: SaslLine): Promise<string | undefined> {
    const waitsForAuth = this.#accepted === undefined && !this.#waitsForData;
    if (command === 'BEGIN') return undefined;
    if (command === 'AUTH' && waitsForAuth) return await this.#auth(argument);
    if (command === 'DATA' && this.#waitsForData) return await this.#external(argument);
    if (command === 'NEGOTIATE_UNIX_FD' && this.#accepted !== undefined) return this.#negotiate();
    if (command === 'ERROR' || (command === 'CANCEL' && !waitsForAuth)) return this.#reject();
    this.refusals++;
    return 'ERROR';
  }

  async #auth(argument: string): Promise<string> {
    const [mechanism = '', response = ''] = argument.split(' ');
    const known = this.#options.mechanisms.find((name) => name === mechanism);
    if (known === 'ANONYMOUS') return await this.#accept('ANONYMOUS');
    if (known === undefined) return this.#reject();
    if (response !== '') return await this.#external(response);
    this.#waitsForData = true;
    return 'DATA';
  }

  /** Who the client says it is must be who the kernel says it is; nobody in particular is the same. */
  async #external(response: string): Promise<string> {
    const identity = fromHex(response);
    const { uid } = this.#socket.peerCredentials;
    return identity === '' || identity === String(uid) ? await this.#accept('EXTERNAL') : this.#reject();
  }

  async #accept(mechanism: DBusMechanism): Promise<string> {
    const peer = this.#socket.peerCredentials;
    if (!(await this.#options.authorize({ mechanism, peer }))) return this.#reject();
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

  #reject(): string {
    this.refusals++;
    this.#waitsForData = false;
    this.#accepted = undefined;
    this.#unixFds = false;
    return `REJECTED ${this.#options.mechanisms.join(' ')}`;
  }
}

function unauthorized(message: string): AncillaryError {
  return new AncillaryError('ERR_UNAUTHORIZED', message);
}
