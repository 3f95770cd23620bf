import {
  type OwnedFd,
  type PeerCredentials,
  type SendPart,
  type SendResult,
  type SocketEvents,
  type SocketHandle,
} from '../binding';
import { addon, type NativeSocket } from './addon';
import { checked, failure, failureName } from './native-failure';
import { readEnd, takeSegments } from './read-batch';
import { requireUnixStream } from './socket-kind';

/**
 * Opens a connected Unix stream socket and takes it over.
 * @throws ERR_FD_KIND; system errors; the socket is the caller's then
 */
export function openSocket(socket: OwnedFd, events: SocketEvents): SocketHandle {
  const { fd } = socket;
  requireUnixStream(fd, 'connected');
  // Out of line, a byte and its descriptors would be lost without a word (docs/kernel.md 26).
  checked(addon.setSocketOption(fd, addon.constants.SO_OOBINLINE, 1), 'setsockopt', `descriptor ${fd}`);
  const native = addon.openSocket(fd, {
    read: (slab, count, end) => {
      events.read(takeSegments(slab, count), readEnd(end));
    },
    writable: () => {
      events.writable();
    },
    hangup: () => {
      events.hangup();
    },
  });
  if (typeof native === 'number') throw failure(native, 'uv_poll_init', `descriptor ${fd}`);
  socket.take();
  return new OpenSocket(native);
}

class OpenSocket implements SocketHandle {
  readonly #native: NativeSocket;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  get fd(): number {
    return this.#native.fd();
  }

  allowReading(bytes: number, fds: number): void {
    this.#native.allowReading(bytes, fds);
  }

  send(parts: readonly SendPart[]): SendResult {
    const bytes: Uint8Array[] = [];
    const fdCounts: number[] = [];
    const fds: number[] = [];
    for (const part of parts) {
      bytes.push(part.bytes);
      fdCounts.push(part.fds.length);
      for (const fd of part.fds) fds.push(fd);
    }
    const accepted = this.#native.send(bytes, fdCounts, fds);
    const error = failureName(this.#native.lastError());
    return error === undefined ? { accepted } : { accepted, error };
  }

  watchWritable(): void {
    this.#native.watchWritable();
  }

  watchHangup(): void {
    this.#native.watchHangup();
  }

  shutdown(): string | undefined {
    return failureName(this.#native.shutdown());
  }

  hungUp(): boolean {
    return this.#native.hungUp();
  }

  unread(): number {
    return this.#native.unread();
  }

  peerCredentials(): PeerCredentials {
    const [pid = 0, uid = 0, gid = 0] = readCredentials(this.fd);
    return { pid, uid, gid };
  }

  ref(): void {
    this.#native.ref();
  }

  unref(): void {
    this.#native.unref();
  }

  close(): void {
    this.#native.close();
  }
}

function readCredentials(fd: number): Uint32Array {
  const raw = new Int32Array(3);
  checked(addon.peerCredentials(fd, raw), 'getsockopt', `descriptor ${fd}`);
  // uid_t and gid_t are unsigned: 4294967294 (nobody in a user namespace) is no negative number.
  return new Uint32Array(raw.buffer);
}
