import { EventEmitter } from 'eventemitter3';
import { type ListenerHandle, type ListeningBinding, OwnedFd, type SystemError, systemError } from '../../binding';
import { asError } from '../abort';
import type { FdSocket } from '../socket/fd-socket';

interface AcceptorEvents {
  accepted: (socket: FdSocket) => void;
  /** One was closed at once, as there are as many as there may be. */
  dropped: () => void;
  /** It goes on all the same. */
  trouble: (error: Error) => void;
  /** It accepts nothing any more. */
  failed: (error: SystemError) => void;
}

// Out of descriptors or memory, here or in the whole system: the connection keeps waiting in the backlog.
const TRY_AGAIN_LATER = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
const PAUSE_MS = 100;

/** Accepts connections while they are wanted, and knows how many there are. */
export class Acceptor extends EventEmitter<AcceptorEvents> {
  /** As many may be open. */
  mostConnections = Infinity;
  readonly #handle: ListenerHandle;
  readonly #open: (accepted: OwnedFd) => FdSocket;
  #wanted = false;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;
  #connections = 0;
  readonly #onClose = (): void => {
    this.#connections--;
  };

  /**
   * Takes over the listening socket; on failure it stays with the caller.
   * @param open makes a socket of a connection, and takes that over
   * @throws ERR_FD_KIND; system errors
   */
  constructor(binding: ListeningBinding, socket: OwnedFd, open: (accepted: OwnedFd) => FdSocket) {
    super();
    this.#open = open;
    this.#handle = binding.openListener(socket, {
      connection: (accepted) => this.#accepted(accepted),
      failed: (error) => this.#failed(error),
    });
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** How many that it accepted are open. */
  get connections(): number {
    return this.#connections;
  }

  /** Whether connections are accepted; the kernel's backlog holds them until then. */
  accept(wanted: boolean): void {
    this.#wanted = wanted;
    if (this.#pause === undefined && !this.#closed) this.#handle.accept(wanted);
  }

  ref(): void {
    this.#handle.ref();
  }

  unref(): void {
    this.#handle.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#handle.close();
  }

  #accepted(accepted: OwnedFd): void {
    if (this.#connections >= this.mostConnections) {
      OwnedFd.closeAll([accepted]);
      this.emit('dropped');
      return;
    }
    let socket: FdSocket;
    try {
      socket = this.#open(accepted);
    } catch (error) {
      OwnedFd.closeAll([accepted]);
      this.emit('trouble', asError(error));
      return;
    }
    this.#connections++;
    socket.once('close', this.#onClose);
    this.emit('accepted', socket);
  }

  #failed(error: string): void {
    const failure = systemError(error, 'accept');
    if (!TRY_AGAIN_LATER.has(error)) {
      this.emit('failed', failure);
      return;
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.accept(this.#wanted);
    }, PAUSE_MS);
    this.emit('trouble', failure);
  }
}
