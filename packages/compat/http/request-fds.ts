import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OwnedFd } from '../../binding';
import type { FdFrame } from '../../stream';
import { ConnectionFds } from './connection-fds';

/** Stands for the request whose head is not complete. */
const NEXT = {};

/**
 * What comes with requests, of which a client may send many without waiting. http parses at once what it is given. So the
 * request that is not complete when descriptors are announced has their byte; or, where there is none, the one whose head is
 * complete next.
 */
export class RequestFds extends ConnectionFds {
  #current: IncomingMessage | undefined;
  #answer: ServerResponse | undefined;
  /** A program may have a request told of again, as a listener to 'checkContinue' does. */
  readonly #begun = new WeakSet<IncomingMessage>();
  /** The request whose answer closes what came with it. */
  #watched: IncomingMessage | undefined;

  /**
   * The head of a request is complete.
   * @param answer when it is over, what nobody took is closed
   */
  began(request: IncomingMessage, answer?: ServerResponse): void {
    if (this.#begun.has(request)) return;
    this.#begun.add(request);
    this.#current = request;
    this.#answer = answer;
    if (!this.has(NEXT)) return;
    this.move(NEXT, request);
    this.#watch(request);
  }

  override take(request: IncomingMessage): OwnedFd[] {
    return this.takeOf(request);
  }

  protected override connectionClosed(): void {
    this.discardAll('destroyed');
  }

  protected override add(frame: FdFrame): void {
    const request = this.#current;
    if (request === undefined || request.complete) {
      this.keep(NEXT, frame);
    } else if (this.#answer?.destroyed === true) {
      this.discard(frame, 'untaken');
    } else {
      this.keep(request, frame);
      this.#watch(request);
    }
  }

  #watch(request: IncomingMessage): void {
    if (this.#watched === request) return;
    this.#watched = request;
    if (this.#answer?.destroyed === true) this.discardOf(request, 'untaken');
    else this.#answer?.once('close', () => this.discardOf(request, 'untaken'));
  }
}
