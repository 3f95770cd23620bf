import {
  type LookAhead,
  type OwnedFd,
  type PeerCredentials,
  type SendPart,
  type SendResult,
  type SocketEvents,
  type SocketHandle,
  errnoName,
  warnOfFewNumbers,
} from '../binding';
import { addon, type SocketCallbacks } from './addon';
import { checked, failure, failureName } from './native-failure';
import { readCredentials } from './native-peers';
import { nextTick } from './next-tick';
import { ReadMemory, readEnd, shownBytes, slabOf, takeSegments } from './read-batch';
import { refuseFds } from './refuse-fds';
import { requireUnixStream } from './socket-kind';

/**
 * Opens a connected Unix stream socket and takes it over.
 * @throws ERR_FD_KIND; system errors; the socket is the caller's then
 */
export function openSocket(socket: OwnedFd, events: SocketEvents): SocketHandle {
  const { fd } = socket;
  socket.requireOwned('open');
  // Of what was connected or accepted here, nothing need be asked.
  if (!addon.isConnected(fd)) requireUnixStream(fd, 'connected');
  // Out of line, a byte and its descriptors would be lost without a word (docs/kernel.md 26).
  checked(addon.setSocketOption(fd, addon.constants.SO_OOBINLINE, 1), 'setsockopt', `descriptor ${fd}`);
  const handle = new OpenSocket(fd, events);
  socket.take();
  return handle;
}

/** Where plain parts that fit are put together: copying small ones is cheaper than telling the addon of each. */
const together = Buffer.allocUnsafeSlow(16 * 1024);

const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 80;

const NONE: readonly never[] = [];
/** Instead of a number of descriptors: it belongs to the sendmsg of the part before. */
const GOES_ON = -1;

class OpenSocket implements SocketHandle, SocketCallbacks {
  readonly #events: SocketEvents;
  #fd: number;
  /** Somebody was told the number, and may have made other descriptors of it. */
  #lent = false;
  #refed = true;
  /** Until it is read again. */
  #pause: NodeJS.Timeout | undefined;
  #wait = SHORTEST_WAIT_MS;
  /** Why nothing is read, since that was told. */
  #toldWhy: string | undefined;
  /** Memory other than the slab, if reads go there. */
  #memory: ReadMemory | undefined;

  /** @throws system errors */
  constructor(fd: number, events: SocketEvents) {
    this.#events = events;
    this.#fd = fd;
    checked(addon.openSocket(fd, this), 'uv_poll_init', `descriptor ${fd}`);
  }

  read(memory: Buffer | undefined, count: number, end: number): void {
    if (end < 0 && this.#putOff(errnoName(-end))) return;
    if (memory === undefined) {
      this.#events.failed(failure(end, 'epoll_ctl'));
      return;
    }
    this.#wait = SHORTEST_WAIT_MS;
    this.#toldWhy = undefined;
    const into = memory === this.#memory?.bytes ? this.#memory : slabOf(memory);
    const ahead = shownBytes(into, count);
    const segments = takeSegments(into, ahead === undefined ? count : count - 1);
    // Whoever got the frame decides how long its memory lives.
    if (into.room === 0) this.#memory = undefined;
    this.#events.inbox.deliver(segments, readEnd(end), ahead);
  }

  /** Whether nothing was read, since something has to be closed first. Nothing tells when it is. */
  #putOff(why: string): boolean {
    if (why === 'EMFILE') warnOfFewNumbers();
    else if (why !== 'EAGAIN') return false;
    // Once, however often it is tried again.
    if (why !== this.#toldWhy) this.#events.putOff?.(why === 'EMFILE' ? 'numbers' : 'closing');
    this.#toldWhy = why;
    this.#pause = setTimeout(() => this.#watched(addon.resumeReading(this.#fd)), this.#wait);
    if (!this.#refed) this.#pause.unref();
    // Closing takes as long as the peer likes.
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
    return true;
  }

  writable(): void {
    this.#events.writable();
  }

  hangup(): void {
    this.#events.hangup();
  }

  get fd(): number {
    if (!this.#lent) {
      this.#lent = true;
      addon.lend(this.#fd);
    }
    return this.#fd;
  }

  get shownFd(): number {
    return this.#fd;
  }

  allowReading(bytes: number, fds: number, look: LookAhead = 'nothing'): void {
    this.#watched(addon.allowReading(this.#fd, bytes, fds, look === 'nothing' ? 0 : look === 'ends' ? 1 : 2));
  }

  readInto(memory: Buffer): void {
    this.#memory = new ReadMemory(memory);
    addon.readInto(this.#fd, memory);
  }

  fill(memory: Buffer): void {
    this.#memory = new ReadMemory(memory, memory.length);
    addon.fill(this.#fd, memory);
  }

  sendParts(parts: readonly SendPart[]): SendResult {
    const [only] = parts;
    const single = only !== undefined && parts.length === 1 && only.pieces === undefined;
    const accepted = single ? this.#sendOne(only) : this.#sendMany(parts);
    const error = addon.sendState[0] ?? 0;
    return error === 0 ? { accepted } : { accepted, error: errnoName(-error) };
  }

  #sendOne({ bytes, fds }: SendPart): number {
    const { sendFds } = addon;
    for (let index = 0; index < fds.length; index++) sendFds[index] = fds[index] ?? -1;
    return addon.sendOne(this.#fd, bytes, fds.length);
  }

  #sendMany(parts: readonly SendPart[]): number {
    const length = putTogether(parts);
    if (length > 0) return addon.sendOne(this.#fd, together.subarray(0, length), 0);
    const bytes: Uint8Array[] = [];
    const fdCounts: number[] = [];
    const fds: number[] = [];
    for (const part of parts) {
      bytes.push(part.bytes);
      fdCounts.push(part.fds.length);
      for (const fd of part.fds) fds.push(fd);
      for (const piece of part.pieces ?? NONE) {
        bytes.push(piece);
        fdCounts.push(GOES_ON);
      }
    }
    return addon.sendMany(this.#fd, bytes, fdCounts, fds);
  }

  watchWritable(): void {
    this.#watched(addon.watchWritable(this.#fd));
  }

  watchHangup(holds = false): void {
    this.#watched(addon.watchHangup(this.#fd, holds));
  }

  /** Tells of a descriptor that cannot be polled, but not before the caller is done. */
  #watched(errno: number): void {
    if (errno >= 0) return;
    nextTick(() => {
      if (this.#fd !== -1) this.#events.failed(failure(errno, 'epoll_ctl'));
    });
  }

  shutdown(): string | undefined {
    return failureName(addon.shutdown(this.#fd));
  }

  hungUp(): boolean {
    return addon.hungUp(this.#fd);
  }

  unread(): number {
    return addon.unread(this.#fd);
  }

  unsent(): number {
    return addon.unsent(this.#fd);
  }

  refuseFds(): void {
    refuseFds(this.#fd);
  }

  peerCredentials(): PeerCredentials {
    return readCredentials(this.#fd);
  }

  ref(): void {
    this.#refed = true;
    this.#pause?.ref();
    addon.setRef(this.#fd, true);
  }

  unref(): void {
    this.#refed = false;
    this.#pause?.unref();
    addon.setRef(this.#fd, false);
  }

  close(): void {
    clearTimeout(this.#pause);
    addon.closeHandle(this.#fd);
    // From now on the number may be another file's.
    this.#fd = -1;
    this.#memory = undefined;
  }
}

/** Fills {@link together} and returns how far; 0 where the parts are too large for it, or not plain. */
function putTogether(parts: readonly SendPart[]): number {
  let length = 0;
  for (const { bytes, pieces, fds } of parts) {
    length += bytes.length;
    if (pieces !== undefined) length += lengthOfAll(pieces);
    if (fds.length > 0 || length > together.length) return 0;
  }
  let at = 0;
  for (const { bytes, pieces } of parts) {
    together.set(bytes, at);
    at += bytes.length;
    if (pieces !== undefined) at = putPieces(pieces, at);
  }
  return length;
}

function lengthOfAll(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/** Returns where they end. */
function putPieces(pieces: readonly Uint8Array[], start: number): number {
  let at = start;
  for (const piece of pieces) {
    together.set(piece, at);
    at += piece.length;
  }
  return at;
}
