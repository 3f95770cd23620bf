import {
  type LookAhead,
  type OwnedFd,
  type PeerCredentials,
  type SendPart,
  type SendResult,
  type SocketBinding,
  type SocketEvents,
  type SocketHandle,
  systemError,
} from '../../binding';

/** What goes on until a socket is connected. */
export interface Connecting {
  /** Whether it keeps the event loop running; true at first. */
  ref(): void;
  unref(): void;
  /** Gives up, and closes what it holds. */
  cancel(): void;
}

/**
 * The handle of a socket that is still to be connected: it remembers what is asked of it, refuses to send as a full socket
 * does, and from {@link connected} on passes everything to the handle of the connected socket.
 */
export class ConnectingHandle implements SocketHandle {
  #handle: SocketHandle | undefined;
  #connecting: Connecting | undefined;
  #events: SocketEvents | undefined;
  #closed = false;
  #whenConnected: (() => void) | undefined;
  #allowed: { bytes: number; fds: number; look: LookAhead } = { bytes: 0, fds: 0, look: 'nothing' };
  #placeMemory: ((handle: SocketHandle) => void) | undefined;
  #watchesWritable = false;
  #watchesHangup: { readonly holds: boolean } | undefined;
  #refed = true;

  /** Who is told once there is something to tell. */
  reportTo(events: SocketEvents): void {
    this.#events = events;
  }

  /** What to stop when the socket is destroyed first. */
  waitFor(connecting: Connecting): void {
    this.#connecting = connecting;
    if (!this.#refed) connecting.unref();
  }

  get connecting(): boolean {
    return this.#handle === undefined && !this.#closed;
  }

  /** Calls back, once, when the socket is connected; never if it is closed before. */
  whenConnected(callback: () => void): void {
    this.#whenConnected = callback;
  }

  /**
   * Takes over the connected socket, and does on it all that was asked for, but for sending: that waits for
   * {@link announce}. @throws as {@link SocketBinding.open}, and the socket stays with the caller
   */
  open(binding: SocketBinding, socket: OwnedFd): void {
    const events = this.#events;
    if (events === undefined || !this.connecting) throw new Error('open() is for a socket that is connecting');
    const handle = binding.open(socket, events);
    this.#handle = handle;
    this.#connecting = undefined;
    if (!this.#refed) handle.unref();
    this.#placeMemory?.(handle);
    const { bytes, fds, look } = this.#allowed;
    if (bytes > 0) handle.allowReading(bytes, fds, look);
    if (this.#watchesHangup !== undefined) handle.watchHangup(this.#watchesHangup.holds);
  }

  /** Sends what waits, and ends what was ended, once `tell` has returned or thrown. */
  announce(tell: () => void): void {
    try {
      tell();
    } finally {
      if (!this.#closed) this.#goOn();
    }
  }

  get fd(): number {
    return this.#handle?.fd ?? -1;
  }

  get shownFd(): number {
    return this.#handle?.shownFd ?? -1;
  }

  allowReading(bytes: number, fds: number, look: LookAhead = 'nothing'): void {
    if (this.#handle === undefined) this.#allowed = { bytes, fds, look };
    else this.#handle.allowReading(bytes, fds, look);
  }

  readInto(memory: Buffer): void {
    if (this.#handle === undefined) this.#placeMemory = (handle) => handle.readInto(memory);
    else this.#handle.readInto(memory);
  }

  fill(memory: Buffer): void {
    if (this.#handle === undefined) this.#placeMemory = (handle) => handle.fill(memory);
    else this.#handle.fill(memory);
  }

  sendParts(parts: readonly SendPart[]): SendResult {
    return this.#handle?.sendParts(parts) ?? { accepted: 0, error: this.#closed ? 'EBADF' : 'EAGAIN' };
  }

  watchWritable(): void {
    if (this.#handle === undefined) this.#watchesWritable = true;
    else this.#handle.watchWritable();
  }

  watchHangup(holds = false): void {
    if (this.#handle !== undefined) this.#handle.watchHangup(holds);
    else this.#watchesHangup = { holds: holds || this.#watchesHangup?.holds === true };
  }

  shutdown(): string | undefined {
    return this.#handle === undefined ? 'ENOTCONN' : this.#handle.shutdown();
  }

  hungUp(): boolean {
    return this.#handle?.hungUp() ?? false;
  }

  unsent(): number {
    return this.#handle?.unsent() ?? 0;
  }

  unread(): number {
    return this.#handle?.unread() ?? 0;
  }

  /** Before that it is done by whoever connects. */
  refuseFds(): void {
    this.#handle?.refuseFds();
  }

  peerCredentials(): PeerCredentials {
    if (this.#handle === undefined) throw systemError('ENOTCONN', 'getsockopt');
    return this.#handle.peerCredentials();
  }

  ref(): void {
    this.#refed = true;
    (this.#handle ?? this.#connecting)?.ref();
  }

  unref(): void {
    this.#refed = false;
    (this.#handle ?? this.#connecting)?.unref();
  }

  close(): void {
    this.#closed = true;
    this.#connecting?.cancel();
    this.#connecting = undefined;
    this.#handle?.close();
  }

  #goOn(): void {
    if (this.#watchesWritable) this.#events?.writable();
    const callback = this.#whenConnected;
    this.#whenConnected = undefined;
    callback?.();
  }
}
