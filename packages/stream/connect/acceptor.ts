import { EventEmitter } from 'eventemitter3';
import {
  type AncillaryError,
  type ListenerHandle,
  type ListeningBinding,
  OwnedFd,
  type PeerBinding,
  type PeerCredentials,
  type SystemError,
  systemError,
} from '../../binding';
import { asError } from '../abort';
import type { ConnectionQuota } from '../limits/quota';
import type { FdSocket } from '../socket/fd-socket';
import type { Peer } from '../socket/peer';
import { Admission, type AdmissionRule, MOST_PENDING } from './admission';
import type { CountedConnections } from './counted-connections';

interface AcceptorEvents {
  accepted: (socket: FdSocket) => void;
  /** One was closed at once, as there are as many as there may be. */
  dropped: () => void;
  /** One was not let in, and is closed: as the user's program decided, or for another reason. */
  refused: (error: AncillaryError, peer: PeerCredentials, meant: boolean) => void;
  /** It goes on all the same. */
  trouble: (error: Error) => void;
  /** It accepts nothing any more. */
  failed: (error: SystemError) => void;
}

// Out of descriptors or memory, here or in the whole system: the connection keeps waiting in the backlog.
const TRY_AGAIN_LATER = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
const PAUSE_MS = 100;

/**
 * Makes a socket of a connection, and takes that over.
 * @param peer where it was asked for already
 * @param counted where what the socket holds is counted
 */
type Open = (accepted: OwnedFd, peer: Peer | undefined, counted: ConnectionQuota | undefined) => FdSocket;

/** Accepts connections while they are wanted, and knows how many there are. */
export class Acceptor extends EventEmitter<AcceptorEvents> {
  /** As many may be open. */
  mostConnections = Infinity;
  readonly #handle: ListenerHandle;
  readonly #open: Open;
  readonly #counted: CountedConnections | undefined;
  #admission: Admission | undefined;
  #wanted = false;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;
  #connections = 0;
  readonly #onClose = (): void => {
    this.#connections--;
  };

  /**
   * Takes over the listening socket; on failure it stays with the caller.
   * @param counted where they are counted by their users, if anywhere
   * @throws ERR_FD_KIND; system errors
   */
  constructor(binding: ListeningBinding, socket: OwnedFd, open: Open, counted: CountedConnections | undefined) {
    super();
    this.#open = open;
    this.#counted = counted;
    this.#handle = binding.openListener(socket, {
      connection: (accepted) => this.#accepted(accepted),
      failed: (error) => this.#failed(error),
    });
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Lets connections in by this rule from now on, rather than all. */
  admitBy(peers: PeerBinding, rule: AdmissionRule): void {
    this.#admission = new Admission(peers, rule, {
      admitted: (socket, peer) => this.#openOne(socket, peer),
      refused: (error, peer, meant) => this.emit('refused', error, peer, meant),
      unknown: (error) => this.emit('trouble', error),
      room: () => this.#apply(),
    });
  }

  /** How many that it accepted are open. */
  get connections(): number {
    return this.#connections;
  }

  /** Whether connections are accepted; the kernel's backlog holds them until then. */
  accept(wanted: boolean): void {
    this.#wanted = wanted;
    this.#apply();
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
    this.#admission?.close();
    this.#handle.close();
  }

  /** How many wait for a decision whether they are let in. */
  get #pending(): number {
    return this.#admission?.pending ?? 0;
  }

  #apply(): void {
    if (this.#pause !== undefined || this.#closed) return;
    this.#handle.accept(this.#wanted && this.#pending < MOST_PENDING);
  }

  #accepted(accepted: OwnedFd): void {
    if (this.#connections + this.#pending >= this.mostConnections) {
      OwnedFd.closeAll([accepted]);
      this.emit('dropped');
      return;
    }
    if (this.#admission === undefined) {
      this.#openOne(accepted);
      return;
    }
    this.#admission.decide(accepted);
    if (this.#pending >= MOST_PENDING) this.#apply();
  }

  #openOne(accepted: OwnedFd, peer?: Peer): void {
    const counted = this.#counted?.count(accepted, peer);
    if (counted !== undefined && 'error' in counted) {
      peer?.close();
      OwnedFd.closeAll([accepted]);
      this.emit('refused', counted.error, counted.peer, false);
      return;
    }
    let socket: FdSocket;
    try {
      socket = this.#open(accepted, peer, counted);
    } catch (error) {
      counted?.close();
      peer?.close();
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
