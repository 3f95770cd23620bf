import { AncillaryError, counted, type OwnedFd, type PeerBinding, type PeerCredentials } from '../../binding';
import { type ConnectionQuota, type FdQuota, whose } from '../limits/quota';

/** A connection that its user may not have. */
export interface TurnedAway {
  readonly error: AncillaryError;
  readonly peer: PeerCredentials;
}

/** Of whom the kernel does not say. */
const UNKNOWN: PeerCredentials = { pid: 0, uid: 0xffffffff, gid: 0xffffffff };

/** Counts connections by their users, or says why one may not be. */
export class CountedConnections {
  readonly #quota: FdQuota;
  readonly #peers: PeerBinding;

  constructor(quota: FdQuota, peers: PeerBinding) {
    this.#quota = quota;
    this.#peers = peers;
  }

  /** @param known where it was asked for already */
  count(socket: OwnedFd, known: PeerCredentials | undefined): ConnectionQuota | TurnedAway {
    const peer = known ?? this.#peerOf(socket);
    const uid = peer === UNKNOWN ? undefined : peer.uid;
    const admitted = this.#quota.admit(uid);
    if (admitted !== undefined) return admitted;
    const { connections = 0, fds = 0 } = this.#quota.usage.users.find((user) => user.uid === uid) ?? {};
    const message =
      `${whose(uid)} has ${counted(connections, 'connection')} and holds ${counted(fds, 'descriptor')}, as much as one user may have of the quota's totals for all; ` +
      `one more connection is closed, and nothing was read from it`;
    const { pid, gid } = peer;
    return { error: new AncillaryError('ERR_FD_QUOTA', message), peer: { pid, uid: peer.uid, gid } };
  }

  #peerOf(socket: OwnedFd): PeerCredentials {
    try {
      return this.#peers.credentials(socket.fd);
    } catch {
      return UNKNOWN;
    }
  }
}
