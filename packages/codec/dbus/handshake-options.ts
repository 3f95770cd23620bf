import { randomBytes } from 'node:crypto';
import {
  describeValue,
  invalidType,
  invalidValue,
  type OptionNames,
  type PeerCredentials,
  requireBoolean,
  requireIterable,
  requireOptions,
  wrongNumber,
} from '../../binding';

/** How a client says who it is: as the kernel knows it (EXTERNAL), or not at all. */
export type DBusMechanism = 'EXTERNAL' | 'ANONYMOUS';

/** Who wants to be accepted. */
export interface DBusClient {
  readonly mechanism: DBusMechanism;
  /** As the kernel knows it, whatever the mechanism. */
  readonly peer: PeerCredentials;
}

export interface DBusHandshakeOptions {
  /** Which side this is; default `'client'`. */
  side?: 'client' | 'server' | undefined;
  /** A client tries them in this order, a server offers them; default `['EXTERNAL']`. */
  mechanisms?: readonly DBusMechanism[] | undefined;
  /** Whether to ask for passing descriptors, or to agree to it; default true. */
  unixFds?: boolean | undefined;
  /** Client: who to say it is; default its user id in decimal. `''` leaves it to the server to ask the kernel. */
  identity?: string | undefined;
  /** Server: its GUID, 32 hexadecimal digits, the same for all connections of one address; default: a random one. */
  guid?: string | undefined;
  /** Server: whether to accept this client; default: with EXTERNAL, the user of this process and root; with ANONYMOUS, all. */
  authorize?: ((client: DBusClient) => boolean | Promise<boolean>) | undefined;
  /** The longest line, in bytes and without its end, that the peer may send; default 16 KiB. */
  maxLineLength?: number | undefined;
  /** Milliseconds in which the handshake must be over, or it fails with ETIMEDOUT; default 30 000, Infinity for none. */
  timeout?: number | undefined;
  /** Gives up with an AbortError. Once the handshake is over it has no effect. */
  signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<DBusHandshakeOptions> = {
  side: true,
  mechanisms: true,
  unixFds: true,
  identity: true,
  guid: true,
  authorize: true,
  maxLineLength: true,
  timeout: true,
  signal: true,
};

/** What both sides agreed on. */
export interface DBusHandshake {
  readonly mechanism: DBusMechanism;
  /** Whether messages may have descriptors. */
  readonly unixFds: boolean;
  /** The server's, which a client can compare with what the address says. */
  readonly guid: string;
}

export interface ClientOptions {
  readonly mechanisms: readonly DBusMechanism[];
  readonly unixFds: boolean;
  readonly identity: string;
}

export interface ServerOptions {
  readonly mechanisms: readonly DBusMechanism[];
  readonly unixFds: boolean;
  readonly guid: string;
  readonly authorize: (client: DBusClient) => boolean | Promise<boolean>;
}

/** Options with what they are by default. */
export type CheckedOptions = ClientOptions &
  ServerOptions & {
    readonly side: 'client' | 'server';
    readonly maxLineLength: number;
    readonly timeout: number;
    readonly signal: AbortSignal | undefined;
  };

const OF_CLIENTS = ['identity'] as const;
const OF_SERVERS = ['guid', 'authorize'] as const;
const MECHANISMS: readonly DBusMechanism[] = ['EXTERNAL', 'ANONYMOUS'];
/** As much as libdbus takes. */
const MAX_LINE_LENGTH = 16 * 1024;
const TIMEOUT_MS = 30_000;
/** Node's timers count no further. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** @throws TypeError and RangeError */
export function checkedOptions(options: DBusHandshakeOptions): CheckedOptions {
  requireOptions('dbusHandshake()', options, OPTIONS);
  requireBoolean('unixFds', options.unixFds);
  const {
    side = 'client',
    mechanisms = ['EXTERNAL'],
    unixFds = true,
    identity = String(process.getuid?.() ?? ''),
    guid = randomBytes(16).toString('hex'),
    authorize = sameUserOrRoot,
    maxLineLength = MAX_LINE_LENGTH,
    timeout = TIMEOUT_MS,
    signal,
  } = options;
  if (!['client', 'server'].includes(side)) {
    throw invalidValue(`side is 'client' or 'server', not ${describeValue(side)}`);
  }
  requireIterable('mechanisms', "an array of 'EXTERNAL' and 'ANONYMOUS'", mechanisms);
  const chosen = [...mechanisms];
  const strange = chosen.find((name) => !MECHANISMS.includes(name));
  if (strange !== undefined || chosen.length === 0) {
    throw invalidValue(`mechanisms are one or more of ${MECHANISMS.join(', ')}, not ${describeValue(strange)}`);
  }
  if (typeof identity !== 'string') throw invalidType(`identity is a string, not ${describeValue(identity)}`);
  if (typeof guid !== 'string' || !/^[0-9a-f]{32}$/i.test(guid)) {
    throw invalidValue(`guid is 32 hexadecimal digits, not ${describeValue(guid)}`);
  }
  if (typeof authorize !== 'function') throw invalidType(`authorize is a function, not ${describeValue(authorize)}`);
  if (!Number.isSafeInteger(maxLineLength) || maxLineLength < 64) {
    throw wrongNumber('maxLineLength is a number of bytes from 64 up', maxLineLength);
  }
  if (timeout !== Infinity && !(typeof timeout === 'number' && timeout >= 0 && timeout <= LONGEST_TIMEOUT_MS)) {
    throw wrongNumber('timeout is 0 to 2^31 - 1 milliseconds, or Infinity', timeout);
  }
  for (const name of side === 'server' ? OF_CLIENTS : OF_SERVERS) {
    if (options[name] !== undefined)
      throw invalidValue(
        `${name} does nothing with side '${side}', which ${options.side === undefined ? 'is the default' : 'was given'}`,
      );
  }
  return { side, mechanisms: chosen, unixFds, identity, guid, authorize, maxLineLength, timeout, signal };
}

/** As libdbus does it for servers that are not told otherwise. */
function sameUserOrRoot({ mechanism, peer }: DBusClient): boolean {
  return mechanism === 'ANONYMOUS' || peer.uid === 0 || peer.uid === process.getuid?.();
}
