import {
  type BoundAddress,
  errnoName,
  type ListenerEvents,
  type ListenerHandle,
  type ListeningBinding,
  OwnedFd,
} from '../binding';
import { addon, type ListenerCallbacks } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { checked, failure, failureName } from './native-failure';
import { nextTick } from './next-tick';
import { refuseFds } from './refuse-fds';
import { requireUnixStream } from './socket-kind';

/** How Unix sockets meet, on the real kernel. */
export const nativeListening: ListeningBinding = {
  socket() {
    return OwnedFd.ofLedger(checked(addon.socket(), 'socket'), nativeDescriptors);
  },

  datagramSocket() {
    return OwnedFd.ofLedger(checked(addon.datagramSocket(), 'socket'), nativeDescriptors);
  },

  refuseFds(socket) {
    refuseFds(socket.fd);
  },

  effectiveUser() {
    return addon.effectiveUser();
  },

  setMode(socket, mode) {
    return failureName(addon.setMode(socket.fd, mode));
  },

  bind(socket, address) {
    return failureName(addon.bind(socket.fd, toBytes(address)));
  },

  openSocketFile(socket, path) {
    const facts = new BigUint64Array(4);
    const fd = addon.openSocketFile(socket, Buffer.from(path), facts);
    const [dev = 0n, ino = 0n, mode = 0n, links = 0n] = facts;
    return failureName(fd) ?? { fd: OwnedFd.ofLedger(fd, nativeDescriptors), dev, ino, mode: Number(mode), links };
  },

  setFileMode(file, mode) {
    return failureName(addon.setFileMode(file.fd.fd, mode));
  },

  listen(socket, backlog) {
    return failureName(addon.listen(socket.fd, backlog));
  },

  connect(socket, address) {
    return failureName(addon.connect(socket.fd, toBytes(address)));
  },

  lock(fd) {
    return failureName(addon.lock(fd));
  },

  localAddress(fd) {
    const address = addon.localAddress(fd);
    if (typeof address === 'number') throw failure(address, 'getsockname', `descriptor ${fd}`);
    return fromBytes(address);
  },

  watchCloses(fd) {
    const watched = new BigUint64Array(5);
    addon.stat(fd, watched);
    watched.fill(0n, 2);
    return {
      pending: () => addon.stillCloses(watched),
      get closed() {
        return Number(watched[3]);
      },
      get left() {
        return Number(watched[4]);
      },
    };
  },

  openListener(socket, events) {
    const { fd } = socket;
    socket.requireOwned('open');
    requireUnixStream(fd, 'listening');
    checked(addon.openListener(fd, callbacksOf(events)), 'uv_poll_init', `descriptor ${fd}`);
    socket.take();
    return new OpenListener(fd, events);
  },
};

/** What sun_path holds: an abstract name follows a zero byte (unix(7)). */
function toBytes(address: BoundAddress): Uint8Array {
  return Buffer.from('path' in address ? address.path : `\0${address.abstract}`);
}

function fromBytes(bytes: Buffer): BoundAddress | undefined {
  if (bytes.length === 0) return undefined;
  return bytes[0] === 0 ? { abstract: bytes.toString('utf8', 1) } : { path: bytes.toString() };
}

function callbacksOf(events: ListenerEvents): ListenerCallbacks {
  return {
    connection: (fd) => {
      events.connection(OwnedFd.ofLedger(fd, nativeDescriptors));
    },
    failed: (errno) => {
      events.failed(errnoName(-errno));
    },
  };
}

class OpenListener implements ListenerHandle {
  #fd: number;

  readonly #events: ListenerEvents;

  constructor(fd: number, events: ListenerEvents) {
    this.#fd = fd;
    this.#events = events;
  }

  get fd(): number {
    return this.#fd;
  }

  accept(on: boolean): void {
    const errno = addon.setAccepting(this.#fd, on);
    if (errno >= 0) return;
    // It cannot be polled. Not before the caller is done.
    nextTick(() => {
      if (this.#fd !== -1) this.#events.failed(errnoName(-errno));
    });
  }

  ref(): void {
    addon.setRef(this.#fd, true);
  }

  unref(): void {
    addon.setRef(this.#fd, false);
  }

  close(): void {
    addon.closeHandle(this.#fd);
    // From now on the number may be another file's.
    this.#fd = -1;
  }
}
