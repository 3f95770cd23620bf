import { AncillaryError } from '../binding';
import {
  abortError,
  asError,
  type Address,
  type ConnectOptions,
  type FdSocket,
  immediate,
  onAbort,
  onHangup,
} from '../stream';
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
      await this.#shakeHands(to);
      const { codec, seen, signal } = this.#options;
      this.#forwarding = forward(this.#from, to, { codec, seen, signal });
      return { from: this.#from, totals: await this.#forwarding, error: undefined };
    } catch (error) {
      this.#from.destroy();
      to?.destroy();
      return { from: this.#from, totals: this.totals, error: asError(error) };
    }
  }

  /** Until the handshake is done, the signal aborts or one side is closed. What the handshake does afterwards is ignored. */
  async #shakeHands(to: FdSocket): Promise<void> {
    const { handshake, signal } = this.#options;
    if (handshake === undefined) return;
    if (signal?.aborted === true) throw abortError(signal);
    const sockets = { from: this.#from, to };
    const stops: (() => void)[] = [];
    const interrupted = new Promise<never>((_resolve, reject) => {
      const abort = (aborted: AbortSignal): void => {
        for (const socket of Object.values(sockets)) socket.destroy();
        reject(abortError(aborted));
      };
      if (signal !== undefined) stops.push(onAbort(signal, () => abort(signal)));
      for (const side of ['from', 'to'] as const) {
        const { [side]: socket } = sockets;
        // A handshake that reads from it, or closed it, fails by itself first, and may know why.
        const closed = (): void => void setImmediate(() => reject(new ForwardError(side, closedEarly(socket))));
        stops.push(() => void socket.off('close', closed));
        if (socket.closed) closed();
        else socket.once('close', closed);
      }
    });
    // A handshake that throws at once leaves nobody to wait for it.
    interrupted.catch(() => undefined);
    try {
      await Promise.race([interrupted, handshake(this.#from, to)]);
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Until the server is there, the signal aborts or the client has left: nobody else would notice that. */
  async #open(): Promise<FdSocket> {
    const { connect, signal } = this.#options;
    const giveUp = new AbortController();
    const stopListening = signal && onAbort(signal, () => giveUp.abort(signal.reason));
    if (signal?.aborted === true) giveUp.abort(signal.reason);
    let left: ForwardError | undefined;
    const connecting = this.#watchClient(() => {
      left = new ForwardError('from', leftEarly());
      giveUp.abort();
    });
    try {
      const to = await this.#connect(this.#address, { ...connect, signal: giveUp.signal });
      to.on('error', () => undefined);
      return to;
    } catch (error) {
      if (left !== undefined) throw left;
      throw signal?.aborted === true ? error : new ForwardError('to', asError(error));
    } finally {
      connecting.isOver = true;
      stopListening?.();
    }
  }

  /** Not in the turn that it came in: a server that is there takes it, and all that it sent, also where it has left by then. */
  #watchClient(left: () => void): { isOver: boolean } {
    const connecting = { isOver: false };
    const from = this.#from;
    const gone = (): void => {
      if (!connecting.isOver) left();
    };
    immediate(() => {
      if (connecting.isOver) return;
      if (from.destroyed) left();
      else from.once('close', gone)[onHangup](gone);
    });
    return connecting;
  }
}

function leftEarly(): AncillaryError {
  return new AncillaryError(
    'ERR_FD_CLOSED',
    'it was closed before there was a connection to the server; what it had sent is dropped, and its descriptors are closed',
  );
}

function closedEarly({ errored }: FdSocket): Error {
  return errored ?? new AncillaryError('ERR_FD_CLOSED', 'it was closed before the handshake was over');
}
