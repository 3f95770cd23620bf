import fs from 'node:fs';
import path from 'node:path';
import {
  type AncillaryError,
  connect,
  type FdQuota,
  type FdServer,
  type FdSocket,
  listen,
} from '../../../packages/ancillary';
import type { FdSocketOptions, QuotaFigures } from '../../../packages/ancillary';
import { runDirectory } from '../../support/children';
import { nextOf } from '../../socket/sockets';

let count = 0;

/** A server with a quota, whose clients are in this process. */
export class Served implements AsyncDisposable {
  readonly server: FdServer;
  readonly quota: FdQuota;
  readonly refusals: AncillaryError[] = [];
  readonly #path: string;
  readonly #sockets: FdSocket[] = [];

  private constructor(server: FdServer, quota: FdQuota, where: string) {
    this.server = server;
    this.quota = quota;
    this.#path = where;
    server.on('refused', (error) => this.refusals.push(error));
  }

  static async with(quota: FdQuota, options: FdSocketOptions = {}): Promise<Served> {
    const where = path.join(runDirectory(), `quota-${process.pid}-${count++}.sock`);
    return new Served(await listen(where, { ...options, quota }), quota, where);
  }

  /** A connection: what the server has of it, and the client. */
  async connection(): Promise<{ socket: FdSocket; client: FdSocket }> {
    const accepted = nextOf(this.server[Symbol.asyncIterator]());
    const client = await this.client();
    const socket = await accepted;
    this.#sockets.push(socket);
    return { socket, client };
  }

  async client(): Promise<FdSocket> {
    const client = await connect(this.#path);
    client.on('error', () => undefined);
    this.#sockets.push(client);
    return client;
  }

  get held(): QuotaFigures {
    return this.quota.usage.held;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.server.close();
    fs.rmSync(this.#path, { force: true });
  }
}
