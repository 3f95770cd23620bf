import { AncillaryError } from '../../binding';
import type { ClientOptions, DBusHandshake, DBusMechanism } from './handshake-options';
import { type SaslConversation, toHex } from './sasl-lines';

/** How often a server may send what is no answer to the client's last command. */
const MOST_ANSWERS_AMISS = 8;
const GUID = /^[0-9a-f]{32}$/i;

/** What a server that did not accept a mechanism offers instead; undefined where it did not say. */
type Offered = readonly string[] | undefined;

/** D-Bus Specification, "Client states". @throws ERR_UNAUTHORIZED; ERR_FRAME_INVALID; as {@link SaslConversation.next} */
export async function clientHandshake(sasl: SaslConversation, options: ClientOptions): Promise<DBusHandshake> {
  const { mechanisms, identity } = options;
  let offered: Offered;
  for (const mechanism of mechanisms) {
    if (offered !== undefined && !offered.includes(mechanism)) continue;
    const response = mechanism === 'EXTERNAL' ? identity : 'ancillary';
    await sasl.say(response === '' ? `AUTH ${mechanism}` : `AUTH ${mechanism} ${toHex(response)}`);
    const answer = await authenticate(sasl, mechanism === 'EXTERNAL' && response === '');
    if (answer.guid !== undefined) return await begin(sasl, mechanism, answer.guid, options.unixFds);
    offered ??= answer.offered;
  }
  const offers = offered === undefined ? 'says nothing of others' : `offers ${offered.join(', ')}`;
  throw new AncillaryError(
    'ERR_UNAUTHORIZED',
    `the D-Bus server does not accept ${mechanisms.join(' or ')} from this client, and ${offers}; the socket is destroyed`,
  );
}

/** @param mayAsk whether the server may ask for the identity, which then is empty: whoever the socket says that it is */
async function authenticate(sasl: SaslConversation, mayAsk: boolean): Promise<{ guid?: string; offered?: Offered }> {
  let asked = false;
  let cancelled = false;
  for (let answers = 0; answers < MOST_ANSWERS_AMISS; answers++) {
    const { command, argument } = await sasl.next();
    if (command === 'REJECTED') return { offered: argument === '' ? undefined : argument.split(' ') };
    // The answer to CANCEL is REJECTED, and nothing else.
    if (cancelled) throw unexpected(command, 'CANCEL');
    if (command === 'OK') return { guid: requireGuid(argument) };
    if (command === 'DATA' && mayAsk && !asked) {
      asked = true;
      await sasl.say('DATA');
    } else if (command === 'DATA' || command === 'ERROR') {
      cancelled = true;
      await sasl.say('CANCEL');
    } else await sasl.say('ERROR');
  }
  throw unexpected('other commands again and again', 'AUTH');
}

async function begin(
  sasl: SaslConversation,
  mechanism: DBusMechanism,
  guid: string,
  wanted: boolean,
): Promise<DBusHandshake> {
  let unixFds = false;
  if (wanted) {
    await sasl.say('NEGOTIATE_UNIX_FD');
    const { command } = await sasl.next();
    if (command !== 'AGREE_UNIX_FD' && command !== 'ERROR') throw unexpected(command, 'NEGOTIATE_UNIX_FD');
    unixFds = command === 'AGREE_UNIX_FD';
  }
  await sasl.say('BEGIN');
  return { mechanism, unixFds, guid };
}

function requireGuid(guid: string): string {
  if (GUID.test(guid)) return guid;
  throw new AncillaryError('ERR_FRAME_INVALID', `the D-Bus server's GUID is not 32 hexadecimal digits: '${guid}'`);
}

function unexpected(answer: string, command: string): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', `the D-Bus server answered ${command} with ${answer}`);
}
