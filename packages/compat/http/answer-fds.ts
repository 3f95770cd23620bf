import type { ClientRequest, IncomingMessage } from 'node:http';
import { OwnedFd } from '../../binding';
import { ConnectionFds } from './connection-fds';

/** A request, with the answer to it once that begins: http has no other name for it before 'response', to which nobody may listen. */
type Asked = ClientRequest & { readonly res?: IncomingMessage | null };

/** What comes with answers. An agent asks one thing at a time over a connection, so all that comes is of the answer to it. */
export class AnswerFds extends ConnectionFds {
  readonly #untaken: OwnedFd[] = [];
  /** What was asked last. */
  #request: Asked | undefined;

  protected override get count(): number {
    return this.#untaken.length;
  }

  /** The connection is used for a request: what came with the answer to the one before, and nobody took, is closed. */
  usedFor(request: ClientRequest): void {
    this.close();
    this.#request = request;
  }

  /** An answer may be the last on its connection, and be read when that is closed. */
  protected override connectionClosed(): void {
    const answer = this.#request?.res;
    if (answer === undefined || answer === null || answer.closed) this.close();
    else answer.once('close', () => this.close());
  }

  override take(answer: IncomingMessage): OwnedFd[] {
    const { req } = answer as { readonly req?: ClientRequest };
    // That of an upgrade has none, and is the last.
    return req === undefined || req === this.#request ? this.#untaken.splice(0) : [];
  }

  override close(): void {
    OwnedFd.closeAll(this.#untaken.splice(0));
  }

  protected override add(fds: OwnedFd[]): void {
    this.#untaken.push(...fds);
  }
}
