import { EventEmitter } from 'node:events';
import {
  AncillaryError,
  type BoundAddress,
  describeValue,
  INSPECT,
  invalidType,
  type ListeningBinding,
  outOfRange,
  type OwnedFd,
  type PeerCredentials,
  show,
  type ShownHow,
  type SocketBinding,
} from '../../binding';
import { asError, onAbort } from '../abort';
import { connectionAccepted, connectionDropped, connectionRefused } from '../diagnostics';
import { type ConnectionQuota, quotaOf } from '../limits/quota';
import { lifetime, takeOver } from '../socket/byte-duplex';
import { FdSocket } from '../socket/fd-socket';
import { receiveLimits } from '../socket/options';
import type { Peer } from '../socket/peer';
import { nextTick } from '../later';
import { Acceptor } from './acceptor';
import { admissionRule } from './admission-rule';
import { netAddress } from './address';
import type { BoundPath } from './bound-path';
import { ConnectionLine } from './connection-line';
import { CountedConnections } from './counted-connections';
import type { ListenOptions } from './listen-options';
import { closeBound } from './pending-closes';
import { ServerEmitter } from './server-emitter';
import { type ServerStats, ServerTotals } from './server-totals';

/**
 * A listening Unix socket. Connections come as 'connection' events or, without a listener for these, from
 * `for await (const socket of server)`; until either exists the kernel's backlog holds them. Whoever receives a socket
 * owns it: closing the server does not close it.
 *
 * It can be sent as a descriptor, so that another process goes on accepting.
 */
export class FdServer extends ServerEmitter implements AsyncIterable<FdSocket>, AsyncDisposable {
  /** Where it listens; undefined for an inherited socket without a name. */
  readonly address: BoundAddress | undefined;
  readonly #binding: ListeningBinding;
  readonly #acceptor: Acceptor;
  readonly #line = new ConnectionLine(() => this.#serve());
  /** What to remove at the end. */
  readonly #place: BoundPath | undefined;
  /** Somebody had the number, and may have given it on. */
  #lent = false;
  readonly #totals = new ServerTotals();
  #maxConnections: number | undefined;
  #listening = true;
  #closing: Promise<void> | undefined;
  #warned = false;
  #stopListening: (() => void) | undefined;
  #takenOverBy: string | undefined;

  private constructor(
    binding: (SocketBinding & ListeningBinding) | undefined,
    socket: OwnedFd,
    address: BoundAddress | undefined,
    options: ListenOptions,
    place: BoundPath | undefined,
  ) {
    // A program in plain JavaScript may come here.
    if (typeof binding?.openListener !== 'function')
      throw invalidType('new FdServer() has no socket: use listen(address)');
    super({ captureRejections: options.captureRejections === true });
    this.#binding = binding;
    this.#place = place;
    const limits = receiveLimits(options);
    const quota = quotaOf(options.quota);
    const counted = quota && new CountedConnections(quota, binding.peers);
    const open = (accepted: OwnedFd, peer?: Peer, part?: ConnectionQuota): FdSocket => {
      const connection = FdSocket.wrap(binding, accepted, options, limits);
      if (peer !== undefined) connection[lifetime].peer = peer;
      if (part !== undefined) connection[lifetime].countBy(part);
      return connection;
    };
    this.#acceptor = new Acceptor(binding, socket, open, counted);
    this.#acceptor.on('accepted', (connection) => {
      const { stats } = connection;
      this.#totals.opened(stats);
      connection.once('close', () => this.#totals.closed(stats));
      if (connectionAccepted.hasSubscribers) connectionAccepted.publish({ server: this, socket: connection });
      this.#line.push(connection);
      this.#serve();
    });
    this.#acceptor.on('dropped', () => this.#dropped());
    this.#acceptor.on('refused', (error, peer, meant) => this.#refused(error, peer, meant));
    this.#acceptor.on('trouble', (error) => this.#report(error));
    this.#acceptor.on('failed', (error) => this.#failed(error));
    try {
      this.address = address ?? binding.localAddress(this.#acceptor.fd);
      const rule = admissionRule(binding, this.address, options);
      if (rule !== undefined) this.#acceptor.admitBy(binding.peers, rule);
      if (options.signal !== undefined) this.#stopListening = onAbort(options.signal, () => this.#closeUnasked());
    } catch (error) {
      this.#acceptor.close();
      throw error;
    }
  }

  /**
   * Takes over the listening socket; on failure it stays with the caller. Without an address, that of the socket is looked up.
   * @internal
   */
  static wrap(
    binding: SocketBinding & ListeningBinding,
    socket: OwnedFd,
    address: BoundAddress | undefined,
    options: ListenOptions,
    place: BoundPath | undefined,
  ): FdServer {
    return new FdServer(binding, socket, address, options, place);
  }

  /** What is shown and written as JSON. */
  toJSON(): { address: BoundAddress | null; listening: boolean; fd: number; connections: number } {
    // Not by `fd`, which would count as lending it.
    const { fd, connections } = this.#acceptor;
    return { address: this.address ?? null, listening: this.#listening, fd, connections };
  }

  /** @internal */
  [INSPECT](...shown: ShownHow): string {
    return show('FdServer', this.toJSON(), ...shown);
  }

  /** Totals of its connections, as they are now: a copy. */
  get stats(): ServerStats {
    return this.#totals.get();
  }

  get listening(): boolean {
    return this.#listening;
  }

  /**
   * The listening socket's own descriptor, to lend out; -1 once closed. Once it was lent, {@link close} leaves the path where
   * it is if the socket is still open elsewhere.
   */
  get fd(): number {
    this.#lent = true;
    return this.#acceptor.fd;
  }

  /** Connections beyond so many that are open are closed at once, and 'drop' tells; undefined, as at first: no limit. */
  get maxConnections(): number | undefined {
    return this.#maxConnections;
  }

  set maxConnections(most: number | undefined) {
    const given: unknown = most;
    const message = `maxConnections is a number from 0 up, or undefined, not ${describeValue(given)}`;
    if (given !== undefined && typeof given !== 'number') throw invalidType(message);
    if (given !== undefined && !(given >= 0)) throw outOfRange(message);
    this.#maxConnections = most;
    this.#acceptor.mostConnections = most ?? Infinity;
  }

  /** One has all connections from now on. @internal @throws ERR_FD_MODE where another one has, or the same */
  [takeOver](by: string): void {
    if (this.#takenOverBy !== undefined) {
      const message = `the server was taken over by ${this.#takenOverBy}, which has all connections: use another server for ${by}`;
      throw new AncillaryError('ERR_FD_MODE', message);
    }
    this.#takenOverBy = by;
  }

  ref(): this {
    this.#acceptor.ref();
    return this;
  }

  unref(): this {
    this.#acceptor.unref();
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<FdSocket> {
    return this.#line.iterate();
  }

  /**
   * Stops listening, removes the path it bound while that is still its own, ends the iterators, destroys connections that
   * nobody took, and emits 'close'. If `fd` was lent the path stays as long as the socket is open elsewhere; copies that this
   * process closed before do not count, but for those whose close does not come back within a second. Does nothing the
   * second time. Rejects when the path cannot be removed; it is closed all the same.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.catch(() => undefined);
    this.#closing = this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  override [EventEmitter.captureRejectionSymbol](error: Error, event: string | symbol, ...args: unknown[]): void {
    const [socket] = args;
    if (event === 'connection' && socket instanceof FdSocket) socket.destroy(error);
    else this.#report(error);
  }

  protected override connectionListenersChanged(): void {
    this.#serve();
  }

  async #close(): Promise<void> {
    this.#listening = false;
    this.#stopListening?.();
    // Its first part is done when it returns: mostly all of it.
    const closed = this.#closeSocket();
    this.#line.end();
    try {
      await closed;
    } finally {
      // In a turn of its own, as net does, so that one who called close() can still listen; and what a listener throws is its own.
      await new Promise<void>((resolve) => {
        nextTick(() => {
          resolve();
          this.emit('close');
        });
      });
    }
  }

  async #closeSocket(): Promise<void> {
    const { fd } = this.#acceptor;
    const close = (): void => this.#acceptor.close();
    try {
      if (this.#place !== undefined && this.#lent) await this.#place.removeWithLast(fd, close);
      else if (this.#place !== undefined) this.#place.remove();
      // Then a name in the abstract namespace is free, unless somebody else has the socket.
      else await closeBound(this.#binding, fd, close);
    } finally {
      close();
    }
  }

  /** Hands out what is accepted, and accepts exactly while somebody waits for more. */
  #serve(): void {
    while (this.#listening && this.listenerCount('connection') > 0) {
      const connection = this.#line.shift();
      if (connection === undefined) break;
      this.emit('connection', connection);
    }
    if (!this.#listening) return;
    this.#line.settle();
    this.#acceptor.accept(this.listenerCount('connection') > 0 || this.#line.awaited);
  }

  #dropped(): void {
    this.#totals.dropped++;
    if (connectionDropped.hasSubscribers) connectionDropped.publish({ server: this });
    this.emit('drop', this.address === undefined ? {} : { localAddress: netAddress(this.address) });
  }

  /** @param meant the user's program decided so, and need not be told */
  #refused(error: AncillaryError, peer: PeerCredentials, meant: boolean): void {
    this.#totals.refused++;
    if (connectionRefused.hasSubscribers) connectionRefused.publish({ server: this, error, peer });
    if (this.listenerCount('refused') > 0) this.emit('refused', error, peer);
    else if (!meant) this.#warn(`${error.message}; listen to 'refused' of the server to hear of the next`);
  }

  #failed(failure: Error): void {
    const listened = !this.#line.awaited && this.listenerCount('error') > 0;
    if (!listened) this.#line.fail(failure);
    this.#closeUnasked();
    if (listened) this.emit('error', failure);
  }

  #closeUnasked(): void {
    this.close().catch((error: unknown) => this.#report(asError(error)));
  }

  /** Reports an error that the server survives. An 'error' without a listener would end the process, so it warns then. */
  #report(error: Error): void {
    if (this.listenerCount('error') > 0) {
      this.emit('error', error);
      return;
    }
    // Its listeners are told of every 'error', and are none for it.
    if (this.listenerCount(EventEmitter.errorMonitor) > 0) this.emit(EventEmitter.errorMonitor, error);
    this.#warn(`a server met ${error.message}; listen to its 'error' to hear of the next`);
  }

  #warn(message: string): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(message, { type: 'AncillaryWarning', code: 'ANCILLARY_SERVER' });
  }
}
