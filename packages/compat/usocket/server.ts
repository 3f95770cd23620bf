import { EventEmitter } from 'node:events';
import { describeValue, invalidType } from '../../binding';
import { asError, type FdServer, type FdSocket } from '../../stream';

/** As of usocket: what `UServer.listen()` takes. */
export interface UServerOptions {
  path: string;
  backlog?: number | undefined;
}

/**
 * The class that usocket has, over an FdServer. It replaces a path to which no socket is bound any more, and removes nothing
 * else; the socket's file gets mode 0o600.
 */
export abstract class UServerBase extends EventEmitter {
  /** Whether `'listening'` was emitted, and the server is open. */
  listening = false;
  /** Whether {@link pause} was called. */
  paused = false;
  #server: FdServer | undefined;
  #opening: AbortController | undefined;
  readonly #accept = (socket: FdSocket): void => {
    this.emit('connection', this.wrap(socket));
  };

  /** The listening socket's own descriptor, to lend out. */
  get fd(): number | undefined {
    return this.#server?.fd;
  }

  /**
   * Listens; `'listening'` says when, and calls back, and `'error'` why it cannot.
   * @throws Error while it listens already; TypeError for arguments
   */
  listen(path: string | UServerOptions, backlog?: number | (() => void), callback?: () => void): void {
    if (this.#opening !== undefined) throw new Error('listen() was called already; close() first');
    const options = typeof path === 'object' ? path : { path, backlog };
    const tell = typeof backlog === 'function' ? backlog : callback;
    const most = typeof options.backlog === 'number' ? options.backlog : undefined;
    if (typeof options.path !== 'string') throw invalidType(`path is a string, not ${describeValue(options.path)}`);
    if (typeof tell === 'function') this.once('listening', tell);
    const opening = new AbortController();
    this.#opening = opening;
    this.open(options.path, most, opening.signal).then(
      (server) => this.#opened(server, opening),
      (error: unknown) => {
        if (this.#opening !== opening) return;
        this.#opening = undefined;
        this.emit('error', asError(error));
      },
    );
  }

  /** Accepts nothing more until {@link resume}; the kernel holds connections meanwhile. */
  pause(): void {
    this.paused = true;
    this.#server?.off('connection', this.#accept);
  }

  resume(): void {
    this.paused = false;
    if (this.#server !== undefined && this.#server.listenerCount('connection') === 0)
      this.#server.on('connection', this.#accept);
  }

  /** Stops listening; connections that were accepted stay open. */
  close(): void {
    this.#opening?.abort();
    this.#opening = undefined;
    this.listening = false;
    const server = this.#server;
    this.#server = undefined;
    void server?.close().catch((error: unknown) => this.emit('error', asError(error)));
  }

  protected abstract open(path: string, backlog: number | undefined, signal: AbortSignal): Promise<FdServer>;
  protected abstract wrap(socket: FdSocket): EventEmitter;

  #opened(server: FdServer, opening: AbortController): void {
    if (this.#opening !== opening) {
      void server.close();
      return;
    }
    this.#server = server;
    server.on('error', (error) => this.emit('error', error));
    this.listening = true;
    this.emit('listening');
    if (!this.paused) this.resume();
  }
}
