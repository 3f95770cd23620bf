import { describeValue, invalidType } from '../../binding';
import type { SocketStats } from '../stats';
import type { ArgumentsOf } from '../event-types';
import { EventedDuplex, type FdSocketEvent, type FdSocketEvents } from './events';
import { IdleTimeout } from './idle-timeout';

/**
 * What a net.Socket on a Unix path has beside a Duplex, so that Node's own http, http2 and tls, and libraries made for
 * net, can use the stream.
 */
export abstract class NetDuplex extends EventedDuplex {
  #idle: IdleTimeout | undefined;

  /** What went through so far. */
  abstract get stats(): SocketStats;

  /** From `createConnection()` until `'connect'`. */
  abstract get connecting(): boolean;

  /** Bytes given to the socket to be sent, those that still wait included, as in net. `stats` counts what was sent. */
  abstract get bytesWritten(): number;

  override emit<N extends FdSocketEvent>(event: N, ...args: ArgumentsOf<FdSocketEvents, N>): boolean;
  override emit(event: FdSocketEvent, ...args: unknown[]): boolean {
    // Node's streams emit it with nothing.
    return super.emit(event, ...(event === 'close' && args.length === 0 ? [this.errored !== null] : args));
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.stats.bytesRead;
  }

  /** Whether it is not connected: not yet, or not any more. */
  get pending(): boolean {
    return this.connecting || this.destroyed;
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** What {@link setTimeout} was given, in milliseconds; undefined before. */
  get timeout(): number | undefined {
    return this.#idle?.milliseconds;
  }

  /**
   * Emits `'timeout'` after so many milliseconds in which nothing was received or sent; 0, as at first, is never. The
   * socket stays open: the listener decides. The timer does not keep the process alive.
   * @param callback a listener for the next `'timeout'`; with 0, the one to remove
   * @throws TypeError and RangeError
   */
  setTimeout(milliseconds: number, callback?: () => void): this {
    if (this.destroyed) return this;
    requireListener(callback);
    const idle = new IdleTimeout(milliseconds, () => this.emit('timeout'));
    this.#stopIdle();
    this.#idle = idle;
    if (milliseconds > 0) {
      this.stats.onTraffic(() => idle.begin());
      if (callback !== undefined) this.once('timeout', callback);
    } else if (callback !== undefined) {
      this.removeListener('timeout', callback);
    }
    return this;
  }

  /** Does nothing: this is for TCP. */
  setNoDelay(noDelay?: boolean): this;
  setNoDelay(): this {
    return this;
  }

  /** Does nothing: this is for TCP. */
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  setKeepAlive(): this {
    return this;
  }

  /** Empty, as in net on a Unix path; `fds.describeFd(socket)` has the path. */
  address(): Record<string, never> {
    return {};
  }

  /** Undefined, as everything about addresses in net on a Unix path. */
  get remoteAddress(): undefined {
    return undefined;
  }

  get remoteFamily(): undefined {
    return undefined;
  }

  get remotePort(): undefined {
    return undefined;
  }

  get localAddress(): undefined {
    return undefined;
  }

  get localFamily(): undefined {
    return undefined;
  }

  get localPort(): undefined {
    return undefined;
  }

  /** Destroys the socket once everything written has left. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /**
   * Throws, as in net, since only TCP has a reset. Once destroyed, does nothing.
   * @throws TypeError with the code ERR_INVALID_HANDLE_TYPE
   */
  resetAndDestroy(): this {
    if (this.destroyed) return this;
    const error = new TypeError('a Unix socket has no reset; destroy() closes it at once');
    throw Object.assign(error, { code: 'ERR_INVALID_HANDLE_TYPE' });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopIdle();
    super._destroy(error, callback);
  }

  #stopIdle(): void {
    this.#idle?.stop();
    this.stats.onTraffic(undefined);
  }
}

function requireListener(given: unknown): void {
  if (given === undefined || typeof given === 'function') return;
  throw invalidType(`callback is a function, not ${describeValue(given)}`);
}
