import type { ClientRequest, IncomingMessage } from 'node:http';
import type { OwnedFd } from '../../binding';
import { type FdFrame, immediate } from '../../stream';
import { ConnectionFds } from './connection-fds';

/**
 * What comes with answers. An agent asks one thing at a time over a connection, so all that comes is of the answer to it: from when
 * it is asked until the answer is read.
 */
export class AnswerFds extends ConnectionFds {
  /** What was asked last, unless the answer to it is over. */
  #request: ClientRequest | undefined;
  #begun = false;

  /** The connection is used for a request, from now on. */
  usedFor(request: ClientRequest): void {
    this.#request = request;
    this.#begun = false;
    // Not as a listener: http drops the answer where there is none.
    const emit = request.emit.bind(request) as (event: string | symbol, ...args: unknown[]) => boolean;
    request.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event === 'response') this.#began(request, args[0] as IncomingMessage);
      return emit(event, ...args);
    };
  }

  override take({ req }: IncomingMessage & { readonly req?: ClientRequest }): OwnedFd[] {
    // That of an upgrade has none, and is the last.
    const request = req ?? this.#request;
    return request === undefined ? [] : this.takeOf(request);
  }

  protected override add(frame: FdFrame): void {
    if (this.#request === undefined) this.discard(frame, 'untaken');
    else this.keep(this.#request, frame);
  }

  /** An answer may be the last on its connection, and be read when that is closed. */
  protected override connectionClosed(): void {
    if (this.#request !== undefined && !this.#begun) this.discardOf(this.#request, 'destroyed');
  }

  #began(request: ClientRequest, answer: IncomingMessage): void {
    this.#begun = true;
    // Who waits for the end of it goes on when it is closed, and takes what came with it then.
    answer.once('close', () => immediate(() => this.#over(request)));
  }

  #over(request: ClientRequest): void {
    this.discardOf(request, 'untaken');
    if (this.#request === request) this.#request = undefined;
  }
}
