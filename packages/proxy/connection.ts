import { asError, type Address, type ConnectOptions, type FdSocket } from '../stream';
import { forward, type Forwarding } from './forward';
import { ForwardError } from './forward-error';
import type { Forwarded, ProxyOptions } from './proxy-options';
import { sum, type Totals } from './totals';

/** Makes a connection: what this package itself cannot. */
export type Connect = (address: Address, options: ConnectOptions) => Promise<FdSocket>;

const NOTHING = sum([]);

/** A client of a proxy, and its own connection to the server. */
export class Connection<In> {
  readonly #connect: Connect;
  readonly #address: Address;
  readonly #options: ProxyOptions<In>;
  readonly #from: FdSocket;
  #forwarding: Forwarding | undefined;

  constructor(connect: Connect, address: Address, options: ProxyOptions<In>, from: FdSocket) {
    this.#connect = connect;
    this.#address = address;
    this.#options = options;
    this.#from = from;
  }

  /** What passed so far. */
  get totals(): Totals {
    return this.#forwarding?.totals ?? NOTHING;
  }

  /** Until both are closed. Rejects never. */
  async run(): Promise<Forwarded> {
    let to: FdSocket | undefined;
    // Whoever waits for it is told of what fails.
    this.#from.on('error', () => undefined);
    try {
      to = await this.#open();
      await this.#options.handshake?.(this.#from, to);
      const { codec, seen, signal } = this.#options;
      this.#forwarding = forward(this.#from, to, { codec, seen, signal });
      return { from: this.#from, totals: await this.#forwarding, error: undefined };
    } catch (error) {
      this.#from.destroy();
      to?.destroy();
      return { from: this.#from, totals: this.totals, error: asError(error) };
    }
  }

  async #open(): Promise<FdSocket> {
    const { connect, signal } = this.#options;
    try {
      const to = await this.#connect(this.#address, { ...connect, signal });
      to.on('error', () => undefined);
      return to;
    } catch (error) {
      throw signal?.aborted === true ? error : new ForwardError('to', asError(error));
    }
  }
}
