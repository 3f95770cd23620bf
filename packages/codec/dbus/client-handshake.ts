import { AncillaryError } from '../../binding';
import type { ClientOptions, DBusHandshake } from './handshake-options';
import { type SaslConversation, type SaslLine, toHex } from './sasl-lines';

/** How many lines a server may send, in all, that are no answer to the client's last command. */
const MOST_ANSWERS_AMISS = 8;
const GUID = /^[0-9a-f]{32}$/i;

/** What a server that did not accept a mechanism offers instead; undefined where it did not say. */
type Offered = readonly string[] | undefined;

/** D-Bus Specification, "Client states". @throws ERR_UNAUTHORIZED; ERR_FRAME_INVALID; as {@link SaslConversation.next} */
export async function clientHandshake(sasl: SaslConversation, options: ClientOptions): Promise<DBusHandshake> {
  const { mechanisms, identity } = options;
  const amiss = new AnswersAmiss(sasl);
  let offered: Offered;
  for (const mechanism of mechanisms) {
    if (offered !== undefined && !offered.includes(mechanism)) continue;
    const response = mechanism === 'EXTERNAL' ? identity : 'ancillary';
    await sasl.say(response === '' ? `AUTH ${mechanism}` : `AUTH ${mechanism} ${toHex(response)}`);
    const answer = await authenticate(sasl, mechanism === 'EXTERNAL' && response === '', amiss);
    if (answer.guid !== undefined) {
      const unixFds = options.unixFds && (await negotiate(sasl, amiss));
      await sasl.say('BEGIN');
      return { mechanism, unixFds, guid: answer.guid };
    }
    offered ??= answer.offered;
  }
  const offers = offered === undefined ? 'says nothing of others' : `offers ${offered.join(', ')}`;
  throw new AncillaryError(
    'ERR_UNAUTHORIZED',
    `the D-Bus server does not accept ${mechanisms.join(' or ')} from this client, and ${offers}; the socket is destroyed`,
  );
}

/**
 * The lines that are no answer to the last command. The specification has a client say ERROR to each, and wait on; this one does not
 * for ever.
 */
class AnswersAmiss {
  readonly #sasl: SaslConversation;
  #count = 0;

  constructor(sasl: SaslConversation) {
    this.#sasl = sasl;
  }

  /** @throws ERR_FRAME_INVALID */
  async refuse({ text }: SaslLine, command: string): Promise<void> {
    if (++this.#count >= MOST_ANSWERS_AMISS)
      throw unexpected(`${this.#count} lines that are no answer, the last ${text}`, command);
    await this.#sasl.say('ERROR');
  }
}

/** @param mayAsk whether the server may ask for the identity, which then is empty: whoever the socket says that it is */
async function authenticate(
  sasl: SaslConversation,
  mayAsk: boolean,
  amiss: AnswersAmiss,
): Promise<{ guid?: string; offered?: Offered }> {
  let asked = false;
  let cancelled = false;
  for (;;) {
    const line = await sasl.next();
    const { command, argument } = line;
    if (command === 'REJECTED') return { offered: argument === '' ? undefined : argument.split(' ') };
    // The answer to CANCEL is REJECTED, and nothing else.
    if (cancelled) throw unexpected(line.text, 'CANCEL');
    if (command === 'OK') return { guid: requireGuid(argument) };
    if (command === 'DATA' && mayAsk && !asked) {
      asked = true;
      await sasl.say('DATA');
    } else if (command === 'DATA' || command === 'ERROR') {
      cancelled = true;
      await sasl.say('CANCEL');
    } else await amiss.refuse(line, 'AUTH');
  }
}

/** Whether the server agrees. */
async function negotiate(sasl: SaslConversation, amiss: AnswersAmiss): Promise<boolean> {
  await sasl.say('NEGOTIATE_UNIX_FD');
  for (;;) {
    const line = await sasl.next();
    if (line.command === 'AGREE_UNIX_FD') return true;
    if (line.command === 'ERROR') return false;
    await amiss.refuse(line, 'NEGOTIATE_UNIX_FD');
  }
}

function requireGuid(guid: string): string {
  if (GUID.test(guid)) return guid;
  throw new AncillaryError('ERR_FRAME_INVALID', `the D-Bus server's GUID is not 32 hexadecimal digits: '${guid}'`);
}

function unexpected(answer: string, command: string): AncillaryError {
  return new AncillaryError(
    'ERR_FRAME_INVALID',
    `the D-Bus server answered ${command} with ${answer}; the socket is destroyed`,
  );
}
