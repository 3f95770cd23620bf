import type { ClientRequest, IncomingMessage } from 'node:http';
import { OwnedFd } from '../../binding';
import { ConnectionFds } from './connection-fds';

/** What comes with answers. An agent asks one thing at a time over a connection, so all that comes is of the answer to it. */
export class AnswerFds extends ConnectionFds {
  readonly #untaken: OwnedFd[] = [];
  /** What was asked, once the connection is used again. */
  #request: ClientRequest | undefined;

  protected override get count(): number {
    return this.#untaken.length;
  }

  /** The connection is used for another request: what came with the last answer, and nobody took, is closed. */
  usedAgain(request: ClientRequest): void {
    this.close();
    this.#request = request;
  }

  override take(answer: IncomingMessage): OwnedFd[] {
    const { req } = answer as { readonly req?: ClientRequest };
    return this.#request === undefined || req === this.#request ? this.#untaken.splice(0) : [];
  }

  override close(): void {
    OwnedFd.closeAll(this.#untaken.splice(0));
  }

  protected override add(fds: OwnedFd[]): void {
    this.#untaken.push(...fds);
  }
}
