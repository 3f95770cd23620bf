import { type Elsewhere, invalidValue } from '../../binding';
import { SOCKET_OPTIONS } from '../socket/options';

// Where options and properties of an address belong that were given in the place of others.

/** Of listen() alone. */
const OF_LISTEN = ['backlog', 'captureRejections', 'authorize', 'authorizeTimeout', 'quota'];
const OF_SOCKETS = Object.keys(SOCKET_OPTIONS);
const OF_BOTH = [...OF_SOCKETS, 'signal', 'timeout', 'retry'];
const FORMS = ['path', 'abstract'];

const MAX_CONNECTIONS = 'it is a property of the server that listen() resolves to: server.maxConnections = 100';

/** What was given among the options of listen(). */
export const NOT_LISTEN_OPTIONS: Elsewhere = {
  ...each([...FORMS, 'fd'], (name) => `it belongs in the address: listen({ ${name} })`),
  mode: 'it belongs in the address: listen({ path, mode })',
  maxConnections: MAX_CONNECTIONS,
  expect: 'it is an option of connect(); a server has authorize',
};

/** What was given in the address of listen(). */
export const NOT_LISTEN_ADDRESS: Elsewhere = {
  ...each([...OF_BOTH, ...OF_LISTEN], (name) => `it belongs among the options: listen(address, { ${name} })`),
  mode: 'it belongs to a path: listen({ path, mode })',
  maxConnections: MAX_CONNECTIONS,
  expect: 'it is an option of connect(); a server has authorize among its options',
};

const OF_SERVERS: Elsewhere = {
  ...each(OF_LISTEN, () => 'it is an option of listen()'),
  mode: 'it belongs in the address of a server: listen({ path, mode })',
  maxConnections: MAX_CONNECTIONS,
};

/** What was given among the options of connect(). */
export const NOT_CONNECT_OPTIONS: Elsewhere = {
  ...each(FORMS, (name) => `it belongs in the address: connect({ ${name} })`),
  ...OF_SERVERS,
  fd: 'adopt(fd) takes a socket that is connected',
};

/** What was given in the address of connect(). */
export const NOT_CONNECT_ADDRESS: Elsewhere = {
  ...each([...OF_BOTH, 'expect'], (name) => `it belongs among the options: connect(address, { ${name} })`),
  ...OF_SERVERS,
};

/** Names that Node's own callers may give createConnection(), as they give all that they have. */
const OF_NODE = ['signal', 'timeout', 'highWaterMark', 'allowHalfOpen', 'onread', 'captureRejections'];

/**
 * Of what createConnection() would pass over: what only this package has, and its caller counts on.
 * @throws TypeError
 */
export function requireInPlace(address: unknown, options: object): void {
  for (const [place, given] of Object.entries({ address, options })) {
    if (typeof given !== 'object' || given === null) continue;
    for (const [name, value] of Object.entries(given)) {
      const hint = place === 'address' ? hintOfAddress(name, value) : hintOfServer(name);
      if (value !== undefined && hint !== undefined)
        throw invalidValue(`createConnection() would pass over '${name}' in its ${place}: ${hint}`);
    }
  }
}

function hintOfAddress(name: string, value: unknown): string | undefined {
  // Clients of HTTP have a `retry` of their own, which is no boolean.
  const isRetry = name === 'retry' && value === true;
  const isOurs = isRetry || ([...OF_SOCKETS, 'expect'].includes(name) && !OF_NODE.includes(name));
  return isOurs ? `it belongs among the options: createConnection(address, { ${name} })` : hintOfServer(name);
}

function hintOfServer(name: string): string | undefined {
  return Object.hasOwn(OF_SERVERS, name) && !OF_NODE.includes(name) ? OF_SERVERS[name] : undefined;
}

function each(names: readonly string[], hint: (name: string) => string): Elsewhere {
  return Object.fromEntries(names.map((name) => [name, hint(name)]));
}
