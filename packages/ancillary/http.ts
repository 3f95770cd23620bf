import type * as http from 'node:http';
import type * as net from 'node:net';
import { describeValue, invalidType, invalidValue } from '../binding';
import { FdAgentBase, sendFds, type SendFdsOptions, serveHttp, takeFds } from '../compat';
import { type Address, asError, type ConnectOptions, type FdSocket } from '../stream';
import { createConnection } from './index';

/** How long undici waits for a connection, unless it is told otherwise. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What an {@link FdAgent} takes beside what an http.Agent does. */
export interface FdAgentOptions extends http.AgentOptions {
  /** How it connects. */
  connect?: ConnectOptions | undefined;
}

/**
 * An http.Agent that connects to a Unix socket, whose connections are FdSockets: `sendFds()` sends descriptors with a request,
 * `takeFds()` has those of an answer.
 */
export class FdAgent extends FdAgentBase {
  readonly #address: Address | undefined;
  readonly #connect: ConnectOptions | undefined;

  /**
   * @param address where to connect; without one, each request says so with its option `socketPath`
   * @throws TypeError for what is no address, and for options
   */
  constructor(address?: Address | null, options?: FdAgentOptions);
  constructor(options: FdAgentOptions);
  constructor(first?: Address | FdAgentOptions | null, second?: FdAgentOptions) {
    const isAddress = typeof first === 'string' || (typeof first === 'object' && first !== null && hasAddress(first));
    const options = isAddress ? second : (first ?? second);
    super(options);
    this.#address = isAddress ? first : undefined;
    this.#connect = options?.connect;
  }

  protected override open(socketPath: string | undefined): FdSocket {
    const address = this.#address ?? socketPath;
    if (address === undefined)
      throw invalidType('the address of a request is missing: give one to new FdAgent(), or socketPath to the request');
    return createConnection(address, this.#connect ?? {});
  }
}

/** A function as undici's option `connect` takes. */
export type UndiciConnector = (
  options: { protocol: string },
  callback: (...outcome: [error: null, socket: net.Socket] | [error: Error, socket: null]) => void,
) => void;

/**
 * For the option `connect` of undici's Agent, Client and Pool: they connect to a Unix socket, over FdSockets.
 * @param options how to connect; `timeout` is 10 seconds unless it is given
 */
export function undiciConnector(address: Address, options: ConnectOptions = {}): UndiciConnector {
  return ({ protocol }, callback) => {
    const failed = (error: Error): void => callback(error, null);
    if (protocol !== 'http:') {
      process.nextTick(() => failed(invalidValue(`a Unix socket is for http:, not ${describeValue(protocol)}`)));
      return;
    }
    let socket: FdSocket;
    try {
      socket = createConnection(address, { timeout: CONNECT_TIMEOUT_MS, ...options });
    } catch (error) {
      process.nextTick(() => failed(asError(error)));
      return;
    }
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      callback(null, socket as unknown as net.Socket);
    });
  };
}

function hasAddress(given: object): given is Exclude<Address, string> {
  return 'path' in given || 'abstract' in given;
}

export { sendFds, type SendFdsOptions, serveHttp, takeFds };
