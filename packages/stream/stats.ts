/** Running totals of one socket: what the kernel delivered and accepted so far. */
export class SocketStats {
  bytesRead = 0;
  bytesWritten = 0;
  /** Descriptors the kernel delivered. */
  fdsReceived = 0;
  /** Descriptors the kernel accepted. */
  fdsSent = 0;
  /** Received descriptors that were closed without reaching anyone; each was reported by the event 'discarded'. */
  fdsClosed = 0;
  /** Frames that `frames()`, `forEachFrame()` and `receive()` returned. */
  framesReceived = 0;
  /** Frames whose last byte the kernel accepted: one for each `send()` and each chunk written. */
  framesSent = 0;
  #onTraffic: (() => void) | undefined;

  /**
   * Calls back whenever bytes were received or sent, from now on.
   * @internal
   */
  onTraffic(callback: (() => void) | undefined): void {
    this.#onTraffic = callback;
  }

  /** @internal */
  received(bytes: number, fds: number): void {
    this.bytesRead += bytes;
    this.fdsReceived += fds;
    this.#onTraffic?.();
  }

  /** @internal */
  accepted(bytes: number, fds: number): void {
    this.bytesWritten += bytes;
    this.fdsSent += fds;
    this.#onTraffic?.();
  }
}
