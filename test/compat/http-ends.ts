import { once } from 'node:events';
import type http from 'node:http';
import path from 'node:path';
import { fds, type FdServer, FdSocket, listen, OwnedFd } from '../../packages/ancillary';
import { FdAgent, serveHttp } from '../../packages/ancillary/http';
import { runDirectory } from '../support/children';
import { identity } from '../support/descriptors';

let made = 0;

/** A listening socket of one test, with what it serves and who asks; all of it is closed at its end. */
export class HttpEnds {
  readonly address: string;
  readonly listener: FdServer;
  readonly #ends: (() => unknown)[] = [];

  private constructor(address: string, listener: FdServer) {
    this.address = address;
    this.listener = listener;
  }

  static async open(): Promise<HttpEnds> {
    const address = path.join(runDirectory(), `http-${process.pid}-${made++}`);
    return new HttpEnds(address, await listen(address));
  }

  atEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    await this.listener.close();
  }

  serve(handler: http.RequestListener, options?: http.ServerOptions): http.Server {
    const server = serveHttp(this.listener, handler, options);
    this.atEnd(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return server;
  }

  agent(options?: http.AgentOptions): FdAgent {
    const agent = new FdAgent(this.address, options);
    this.atEnd(() => agent.destroy());
    return agent;
  }

  memories(count: number): OwnedFd[] {
    const memories = Array.from({ length: count }, (_, index) => fds.memfd(`memory ${index}`));
    this.atEnd(() => OwnedFd.closeAll(memories));
    return memories;
  }
}

export async function answerOf(request: http.ClientRequest): Promise<http.IncomingMessage> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return response;
}

/** Identities of descriptors, which it closes. */
export function identitiesOf(owned: readonly OwnedFd[]): string[] {
  const found = owned.map(({ fd }) => identity(fd));
  OwnedFd.closeAll(owned);
  return found;
}

/** The connection of an upgrade, which types of others call something else. */
export function fdSocketOf(stream: unknown): FdSocket {
  if (stream instanceof FdSocket) return stream;
  throw new TypeError('the connection is no FdSocket');
}
