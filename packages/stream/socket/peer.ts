import { AncillaryError, OwnedFd, type PeerBinding, type PeerCredentials } from '../../binding';

/**
 * The process at the other end of a connection, as it was when it connected; of a server, when it called listen(2). Its
 * credentials do not change, whoever has the connection by now. What else the kernel knows is asked for when it is read first;
 * once the connection is closed, what was not read before is ERR_FD_CLOSED.
 */
export class Peer implements PeerCredentials {
  /** The number of its process; 0 for one in another PID namespace. Another process may have it by now: see {@link pidfd}. */
  readonly pid: number;
  /** Its effective user id. */
  readonly uid: number;
  /** Its effective group id. */
  readonly gid: number;
  readonly #peers: PeerBinding;
  #socket: () => number;
  #groups: { readonly known: readonly number[] | undefined } | undefined;
  #label: { readonly known: string | undefined } | undefined;
  #pidfd: OwnedFd | undefined;

  /**
   * @param socket the descriptor of the connection, -1 once closed
   * @throws system errors
   * @internal
   */
  constructor(peers: PeerBinding, socket: () => number) {
    this.#peers = peers;
    this.#socket = socket;
    const { pid, uid, gid } = peers.credentials(socket());
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
  }

  /**
   * Its supplementary groups (SO_PEERGROUPS); undefined where the kernel does not tell. {@link gid} need not be among them.
   * @throws ERR_FD_CLOSED; system errors
   */
  get groups(): readonly number[] | undefined {
    this.#groups ??= { known: this.#peers.groups(this.#open('groups')) };
    return this.#groups.known;
  }

  /**
   * A pidfd of the very process that connected (SO_PEERPIDFD, Linux 6.5), whatever process has its number by now; undefined where
   * the kernel has none, or before Linux 6.16, where the process is gone. It is closed with the connection unless you
   * `take()` it; after that, the next is a new one.
   * @throws ERR_FD_CLOSED; EMFILE
   */
  get pidfd(): OwnedFd | undefined {
    if (this.#pidfd === undefined || this.#pidfd.closed) this.#pidfd = this.#peers.pidfd(this.#open('pidfd'));
    return this.#pidfd;
  }

  /**
   * What a security module such as SELinux or AppArmor calls it (SO_PEERSEC); undefined without one.
   * @throws ERR_FD_CLOSED; system errors
   */
  get securityLabel(): string | undefined {
    this.#label ??= { known: this.#peers.label(this.#open('securityLabel')) };
    return this.#label.known;
  }

  /**
   * The connection has another owner from now on.
   * @internal
   */
  follow(socket: () => number): void {
    this.#socket = socket;
  }

  /**
   * The connection is closed, or about to be.
   * @internal
   */
  close(): void {
    this.#socket = () => -1;
    if (this.#pidfd !== undefined) OwnedFd.closeAll([this.#pidfd]);
  }

  #open(what: string): number {
    const socket = this.#socket();
    if (socket !== -1) return socket;
    throw new AncillaryError('ERR_FD_CLOSED', `${what} of the peer was not read before its connection was closed`);
  }
}

/** For messages. */
export function showPeer({ uid, pid }: PeerCredentials): string {
  return `user ${uid} (process ${pid})`;
}
