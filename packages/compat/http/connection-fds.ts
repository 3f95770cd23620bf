import type { IncomingMessage } from 'node:http';
import { AncillaryError, counted, type OwnedFd } from '../../binding';
import { discardFds, type DiscardReason, type FdFrame, fdsAtAnchor, type FdSocket } from '../../stream';
import { Untaken } from './untaken';

/** How many descriptors a connection may bring that nobody takes: as many as an FdSocket queues by default. */
const MOST = 1024;

const connections = new WeakMap<object, ConnectionFds>();

/** What came over a connection; undefined for one of another kind. */
export function fdsOf(socket: object): ConnectionFds | undefined {
  return connections.get(socket);
}

/** The descriptors that come with the messages of an HTTP/1 connection, until it goes on in another protocol. */
export abstract class ConnectionFds {
  readonly #socket: FdSocket;
  readonly #arrived = (frame: FdFrame): void => this.#add(frame);
  readonly #untaken = new Map<object, Untaken>();
  /** How many there are in it. */
  #count = 0;

  constructor(socket: FdSocket) {
    this.#socket = socket;
    connections.set(socket, this);
    socket[fdsAtAnchor](true);
    socket.on('fds', this.#arrived);
    socket.once('close', () => this.connectionClosed());
  }

  /** Those that came with a message so far, for the caller to close. */
  abstract take(message: IncomingMessage): OwnedFd[];

  protected abstract connectionClosed(): void;

  /** Called just before http is given the byte that these belong to. */
  protected abstract add(frame: FdFrame): void;

  /** The connection goes on in another protocol: what comes from now on is of that. */
  leave(): void {
    this.#socket.off('fds', this.#arrived);
    this.#socket[fdsAtAnchor](false);
  }

  /** Descriptors wait to be taken with a message. */
  protected keep(message: object, frame: FdFrame): void {
    this.#count += frame.fds.length;
    const before = this.#untaken.get(message);
    if (before === undefined) this.#untaken.set(message, new Untaken(frame));
    else before.add(frame);
  }

  /** What waits is of another message, as is known now. */
  protected move(from: object, to: object): void {
    const untaken = this.#untaken.get(from);
    if (untaken === undefined) return;
    this.#untaken.delete(from);
    this.#untaken.set(to, untaken);
  }

  protected has(message: object): boolean {
    return this.#untaken.has(message);
  }

  protected takeOf(message: object): OwnedFd[] {
    return this.#remove(message)?.take() ?? [];
  }

  /** Nobody will take what came with a message. */
  protected discardOf(message: object, reason: DiscardReason): void {
    const untaken = this.#remove(message);
    if (untaken !== undefined) this.#socket[discardFds](untaken.take(), untaken.range, reason);
  }

  /** Nobody will take what came with any. */
  protected discardAll(reason: DiscardReason): void {
    for (const message of [...this.#untaken.keys()]) this.discardOf(message, reason);
  }

  protected discard({ fds, range }: FdFrame, reason: DiscardReason): void {
    this.#socket[discardFds](fds.splice(0), range, reason);
  }

  #remove(message: object): Untaken | undefined {
    const untaken = this.#untaken.get(message);
    if (untaken === undefined) return undefined;
    this.#untaken.delete(message);
    this.#count -= untaken.count;
    return untaken;
  }

  #add(frame: FdFrame): void {
    const count = this.#count + frame.fds.length;
    if (count <= MOST) {
      this.add(frame);
      return;
    }
    this.discard(frame, 'surplus');
    this.#socket.destroy(
      new AncillaryError(
        'ERR_FD_SURPLUS',
        `${counted(count, 'descriptor')} came with messages of http, and nobody took them; all are closed`,
      ),
    );
  }
}
