import type { IncomingMessage, ServerResponse } from 'node:http';
import { OwnedFd } from '../../binding';
import { ConnectionFds } from './connection-fds';

/**
 * What comes with requests, of which a client may send many without waiting. http parses at once what it is given. So the
 * request that is not complete when descriptors are announced has their byte; or, where there is none, the one whose head is
 * complete next.
 */
export class RequestFds extends ConnectionFds {
  readonly #next: OwnedFd[] = [];
  readonly #untaken = new Map<IncomingMessage, OwnedFd[]>();
  #current: IncomingMessage | undefined;
  #answer: ServerResponse | undefined;
  /** The request whose answer closes what came with it. */
  #watched: IncomingMessage | undefined;
  #count = 0;

  protected override get count(): number {
    return this.#count;
  }

  /**
   * The head of a request is complete.
   * @param answer when it is over, what nobody took is closed
   */
  began(request: IncomingMessage, answer?: ServerResponse): void {
    this.#current = request;
    this.#answer = answer;
    if (this.#next.length > 0) this.#give(request, this.#next.splice(0));
  }

  override take(request: IncomingMessage): OwnedFd[] {
    const fds = this.#untaken.get(request) ?? [];
    this.#untaken.delete(request);
    this.#count -= fds.length;
    return fds;
  }

  override close(): void {
    OwnedFd.closeAll(this.#next.splice(0));
    for (const fds of this.#untaken.values()) OwnedFd.closeAll(fds);
    this.#untaken.clear();
    this.#count = 0;
  }

  protected override add(fds: OwnedFd[]): void {
    this.#count += fds.length;
    if (this.#current === undefined || this.#current.complete) this.#next.push(...fds);
    else this.#give(this.#current, fds);
  }

  #give(request: IncomingMessage, fds: OwnedFd[]): void {
    const before = this.#untaken.get(request);
    if (before !== undefined) {
      before.push(...fds);
    } else if (this.#answer?.destroyed === true) {
      this.#count -= OwnedFd.closeAll(fds);
    } else {
      this.#untaken.set(request, fds);
      if (this.#watched === request) return;
      this.#watched = request;
      this.#answer?.once('close', () => OwnedFd.closeAll(this.take(request)));
    }
  }
}
