import { describeValue, invalidType, type OptionNames, requireOptions } from '../binding';
import type { ConnectOptions, FdSocket } from '../stream';
import { FORWARD_OPTIONS, type ForwardOptions, requirePassing } from './forward-options';
import type { Totals } from './totals';

/** How one client's connection ended. */
export interface Forwarded {
  /** The client's connection, which is closed. */
  readonly from: FdSocket;
  /** What passed. */
  readonly totals: Totals;
  /** What `forward()` rejected with, or of the side `'to'` what connecting failed with. Undefined: both ended in order. */
  readonly error: Error | undefined;
}

export interface ProxyOptions<In = unknown> extends ForwardOptions<In> {
  /** For the connections to the server. */
  readonly connect?: Omit<ConnectOptions, 'signal' | 'onread'> | undefined;
  /**
   * What the two have to say before frames are forwarded, such as an authentication: called when both are connected, and waited
   * for. What it leaves unread is forwarded. When it throws, both are closed. When the signal aborts or one side is closed, both are
   * closed at once, and what it does afterwards is ignored.
   */
  readonly handshake?: ((from: FdSocket, to: FdSocket) => void | Promise<void>) | undefined;
  /** Called when a client's connection has ended. */
  readonly ended?: ((forwarded: Forwarded) => void) | undefined;
  /** Closes the listener and all connections; the proxy rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

const PROXY_OPTIONS: OptionNames<ProxyOptions> = { ...FORWARD_OPTIONS, connect: true, handshake: true, ended: true };

/** @throws TypeError */
export function requireProxyOptions<In>(options: ProxyOptions<In>): void {
  requireOptions('proxy()', options, PROXY_OPTIONS);
  requirePassing(options);
  const { handshake, ended } = options;
  for (const [name, given] of Object.entries({ handshake, ended })) {
    if (given !== undefined && typeof given !== 'function')
      throw invalidType(`${name} is a function, not ${describeValue(given)}`);
  }
}
