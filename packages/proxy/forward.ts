import { requireMethods } from '../binding';
import { abortError, failSendingAlone, type FdSocket, onAbort } from '../stream';
import { ForwardError } from './forward-error';
import { decoderOf, type ForwardOptions, requireForwardOptions } from './forward-options';
import { OneWay } from './one-way';
import { otherSide, type Side } from './side';
import { snapshot, type Totals } from './totals';

/** Settles when both connections are closed, with what passed; {@link totals} has that at any time. */
export interface Forwarding extends Promise<Totals> {
  /** What passed so far. */
  readonly totals: Totals;
}

/**
 * Passes on everything that two sockets receive, each to the other, with its descriptors, until both have ended. It takes
 * both over, and closes them.
 *
 * Without a codec each read is passed on whole, as one sendmsg, with the descriptors that came with it: for peers that take
 * descriptors in their order, whatever bytes they come with. With a codec each message is, with its own descriptors. Received descriptors are closed once they were sent. Where one side does not read, the
 * other is not read either.
 *
 * The end of one side's stream is passed on, while the other direction goes on. When one connection fails, what came from it
 * is still passed on, and then the other is closed too.
 *
 * Rejects, once both are closed, with a {@link ForwardError} that says which of them failed, with what `seen` threw, or with an
 * AbortError.
 * @throws TypeError for arguments, with both sockets left as they were; what a codec's factory throws
 */
export function forward<In = unknown>(from: FdSocket, to: FdSocket, options: ForwardOptions<In> = {}): Forwarding {
  for (const [name, socket] of Object.entries({ from, to }))
    requireMethods(name, 'an FdSocket, which adopt() makes of a net.Socket', socket, ['forEachFrame', 'send']);
  requireForwardOptions(options);
  const forwarding = new TwoWays({ from, to }, options);
  return Object.defineProperty(forwarding.run(), 'totals', { get: () => forwarding.totals }) as Forwarding;
}

class TwoWays<In> {
  readonly #sockets: Readonly<Record<Side, FdSocket>>;
  readonly #ways: Readonly<Record<Side, OneWay<In>>>;
  readonly #signal: AbortSignal | undefined;
  #failure: Error | undefined;

  constructor(sockets: Readonly<Record<Side, FdSocket>>, { codec, seen, signal }: ForwardOptions<In>) {
    this.#sockets = sockets;
    this.#signal = signal;
    const decoder = (side: Side) => decoderOf(codec, side, sockets[side], sockets[otherSide(side)]);
    const decoders = { from: decoder('from'), to: decoder('to') };
    const way = (side: Side): OneWay<In> => {
      const { [side]: from, [otherSide(side)]: to } = sockets;
      const fdsPerSend = decoders[otherSide(side)]?.fdsPerSend;
      return new OneWay({ side, from, to, codec: decoders[side], fdsPerSend, seen }, (error) => {
        this.#failed(error, error instanceof ForwardError ? error.side : side);
      });
    };
    this.#ways = { from: way('from'), to: way('to') };
  }

  /** What passed so far. */
  get totals(): Totals {
    const { from, to } = this.#ways;
    return { from: snapshot(from.count), to: snapshot(to.count) };
  }

  async run(): Promise<Totals> {
    const stopListening = this.#signal && this.#closeOn(this.#signal);
    await Promise.all([this.#run('from'), this.#run('to')]);
    stopListening?.();
    if (this.#failure !== undefined) throw this.#failure;
    return this.totals;
  }

  /** Resolves when the socket is closed. */
  async #run(side: Side): Promise<void> {
    const { [side]: socket, [otherSide(side)]: other } = this.#sockets;
    socket.on('error', (error) => {
      this.#failed(new ForwardError(side, error), side);
    });
    socket[failSendingAlone]((error) => {
      // The peer reads no more, and may have said why: that is read and passed on, and the socket closes at its end.
      this.#failure ??= new ForwardError(side, error);
      this.#ways[otherSide(side)].stop(error);
      socket.end();
    });
    const closed = new Promise<void>((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', resolve);
    });
    // What it received last may still be seen by then.
    void Promise.all([this.#ways[side].run(), closed]).then(() => other.destroySoon());
    await closed;
  }

  #failed(error: Error, side: Side): void {
    this.#failure ??= error;
    this.#sockets[side].destroy();
  }

  #closeOn(signal: AbortSignal): () => void {
    const close = (): void => {
      this.#failure ??= abortError(signal);
      for (const socket of Object.values(this.#sockets)) socket.destroy();
    };
    if (signal.aborted) close();
    return onAbort(signal, close);
  }
}
