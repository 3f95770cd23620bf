import { Agent, type ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FdSocket } from '../../stream';
import { AnswerFds } from './answer-fds';
import { fdsOf } from './connection-fds';

/** An http.Agent whose connections carry descriptors. */
export abstract class FdAgentBase extends Agent {
  /** @param socketPath the address that a request has itself, if it does */
  protected abstract open(socketPath: string | undefined): FdSocket;

  override createConnection(options: { socketPath?: string | null | undefined }): Duplex {
    const socket = this.open(options.socketPath ?? undefined);
    const fds = new AnswerFds(socket);
    // http says so when it leaves the connection to the program, just before 'upgrade' or 'connect'.
    (socket as Duplex).once('agentRemove', () => fds.leave());
    return socket;
  }

  /** What http calls for each request. */
  addRequest(request: ClientRequest, ...options: unknown[]): void {
    request.once('socket', (socket) => {
      const fds = fdsOf(socket);
      if (fds instanceof AnswerFds) fds.usedFor(request);
    });
    const { addRequest } = Agent.prototype as unknown as Pick<this, 'addRequest'>;
    addRequest.call(this, request, ...options);
  }
}
