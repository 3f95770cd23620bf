import type { FdServer, FdSocket } from '../../packages/ancillary';

/** The sockets and the errors of one exchange. What goes wrong at one end ends both, as it would between two programs. */
export class Scene {
  readonly errors: unknown[] = [];
  readonly #stop = new AbortController();
  readonly #sockets: FdSocket[] = [];
  readonly #servers: FdServer[] = [];

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  socket<Kind extends FdSocket>(socket: Kind): Kind {
    this.#sockets.push(socket);
    socket.on('error', (error) => this.fail(error));
    if (this.signal.aborted) socket.destroy();
    return socket;
  }

  server(server: FdServer): FdServer {
    this.#servers.push(server);
    // A server goes on after most errors.
    server.on('error', (error) => this.errors.push(error));
    return server;
  }

  /** For who waits for what will not come. */
  stop(): void {
    this.#stop.abort();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) void this.#close(server);
  }

  fail(error: unknown): void {
    this.errors.push(error);
    this.stop();
  }

  /** Waits for all of them, also when one fails. */
  async all(...tasks: readonly Promise<unknown>[]): Promise<void> {
    const told = tasks.map((task) =>
      task.catch((error: unknown) => {
        this.fail(error);
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(told)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Resolves when everything is closed. */
  async end(): Promise<void> {
    this.#stop.abort();
    for (const socket of this.#sockets) {
      const closed = socket.closed ? undefined : new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
    }
    for (const server of this.#servers) await this.#close(server);
  }

  async #close(server: FdServer): Promise<void> {
    await server.close().catch((error: unknown) => this.errors.push(error));
  }
}
