import type { IncomingMessage } from 'node:http';
import { AncillaryError, counted, OwnedFd } from '../../binding';
import { type FdFrame, fdsAtAnchor, type FdSocket } from '../../stream';

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

  constructor(socket: FdSocket) {
    this.#socket = socket;
    connections.set(socket, this);
    socket[fdsAtAnchor](true);
    socket.on('fds', this.#arrived);
    socket.once('close', () => this.connectionClosed());
  }

  /** How many were not taken. */
  protected abstract readonly count: number;

  /** Those that came with a message so far, for the caller to close. */
  abstract take(message: IncomingMessage): OwnedFd[];

  /** Closes all that were not taken. */
  abstract close(): void;

  protected connectionClosed(): void {
    this.close();
  }

  /** Called just before http is given the byte that these belong to. */
  protected abstract add(fds: OwnedFd[]): void;

  /** The connection goes on in another protocol: what comes from now on is of that. */
  leave(): void {
    this.#socket.off('fds', this.#arrived);
    this.#socket[fdsAtAnchor](false);
  }

  #add({ fds }: FdFrame): void {
    const count = this.count + fds.length;
    if (count <= MOST) {
      this.add(fds.splice(0));
      return;
    }
    OwnedFd.closeAll(fds);
    this.#socket.destroy(
      new AncillaryError(
        'ERR_FD_SURPLUS',
        `${counted(count, 'descriptor')} came with messages of http, and nobody took them; all are closed`,
      ),
    );
  }
}
