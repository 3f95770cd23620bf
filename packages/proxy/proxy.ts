import { requireMethods } from '../binding';
import {
  abortError,
  type Address,
  type FdServer,
  type FdSocket,
  onAbort,
  requireConnectArguments,
  takeOver,
} from '../stream';
import { type Connect, Connection } from './connection';
import { type Forwarded, type ProxyOptions, requireProxyOptions } from './proxy-options';
import { sum, type Totals } from './totals';

/** Settles when the listener is closed, no connection is left, and `ended` was called for each; with what passed. */
export interface Proxying extends Promise<Totals> {
  /** What passed so far on all connections. */
  readonly totals: Totals;
  /** Clients that are connected now. */
  readonly connections: number;
}

/**
 * Forwards each connection of a listener to a server of its own connection there: see {@link forward}. The listener is taken over.
 * A connection that fails ends alone, and `ended` tells.
 *
 * Rejects with what the listener fails with, or with an AbortError, once no connection is left.
 * @throws TypeError for arguments; ERR_FD_MODE where the listener was taken over before
 */
export function proxy<In = unknown>(
  connect: Connect,
  listener: FdServer,
  address: Address,
  options: ProxyOptions<In> = {},
): Proxying {
  requireMethods('listener', 'an FdServer, as listen() returns it', listener, ['close', 'on']);
  requireProxyOptions(options);
  requireConnectArguments(address, options.connect ?? {}, 'connect');
  listener[takeOver]('proxy()');
  const connections = new Connections(connect, address, options);
  const proxying = connections.serve(listener);
  return Object.defineProperties(proxying, {
    totals: { get: () => connections.totals },
    connections: { get: () => connections.count },
  }) as Proxying;
}

class Connections<In> {
  readonly #connect: Connect;
  readonly #address: Address;
  readonly #options: ProxyOptions<In>;
  readonly #open = new Set<Connection<In>>();
  /** Each settles when its connection has ended and `ended` was told. */
  readonly #running = new Set<Promise<void>>();
  #before: Totals = sum([]);

  constructor(connect: Connect, address: Address, options: ProxyOptions<In>) {
    this.#connect = connect;
    this.#address = address;
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  get totals(): Totals {
    return sum([this.#before, ...[...this.#open].map(({ totals }) => totals)]);
  }

  /** Settles when the listener is closed, each connection has ended, and `ended` was told. */
  async serve(listener: FdServer): Promise<Totals> {
    const { signal } = this.#options;
    const stopListening = signal && onAbort(signal, () => void listener.close().catch(() => undefined));
    try {
      if (signal?.aborted === true) await listener.close();
      for await (const from of listener) this.#begin(from);
    } finally {
      await Promise.all(this.#running);
      stopListening?.();
    }
    if (signal?.aborted === true) throw abortError(signal);
    return this.totals;
  }

  #begin(from: FdSocket): void {
    const connection = new Connection(this.#connect, this.#address, this.#options, from);
    this.#open.add(connection);
    const running = connection.run().then(async (forwarded) => {
      this.#open.delete(connection);
      this.#before = sum([this.#before, forwarded.totals]);
      await this.#tell(forwarded);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** In a turn of its own: what `ended` throws is uncaught, as what a listener throws. */
  #tell(forwarded: Forwarded): Promise<void> | undefined {
    const { ended } = this.#options;
    if (ended === undefined) return undefined;
    return new Promise((resolve) => {
      process.nextTick(() => {
        try {
          ended(forwarded);
        } finally {
          resolve();
        }
      });
    });
  }
}
