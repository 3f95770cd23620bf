import {
  AncillaryError,
  type DescriptorTable,
  describeValue,
  invalidType,
  OwnedFd,
  requireObject,
  systemError,
} from '../../binding';
import { abortError, requireSignal } from '../abort';
import { closeSource, type FdLike, numbersOf } from '../fd-like';
import { holdReading, type ReadingHold } from '../reading-hold';
import { bytesNeededFor, MAX_FDS_PER_SENDMSG, type OutgoingFrame } from './send-queue';

/** How `send()` treats what it is given. */
export interface SendOptions {
  /** Close each descriptor by its own method once it was sent, or failed to be. */
  readonly transfer?: boolean;
  /** Takes the frame back as long as no byte of it was accepted; afterwards it is completed. */
  readonly signal?: AbortSignal;
}

/** @throws TypeError for options that are none */
export function requireSendOptions(options: SendOptions): void {
  requireObject('options', options);
  const transfer: unknown = options.transfer ?? false;
  // What is not quite false would close the caller's descriptors.
  if (typeof transfer !== 'boolean') throw invalidType(`transfer is true or false, not ${describeValue(transfer)}`);
  requireSignal(options.signal);
}

const NONE: readonly never[] = [];
/** What every frame's promise is that was sent before anyone could wait for it. */
const SENT = Promise.resolve();

/** A frame with everything that must happen when it is sent or failed. It is settled exactly once. */
export class Outgoing implements OutgoingFrame {
  readonly bytes: Uint8Array;
  fds: readonly number[] = NONE;
  sent = 0;
  /** Somebody holds a promise of it, which rejects when it fails. */
  readonly promised: boolean;
  /** Waits for its place in the queue. */
  parked = false;
  /** Called when it is settled, however that went. Only of those that a Writable handed over. */
  onSettled: (() => void) | undefined;
  /** Tells a Writable. */
  #tell: ((error?: Error) => void) | undefined;
  /** Tells who waits for the promise; to a rejection too, so that no second function need be made for each frame. */
  #resolve: ((outcome?: Promise<never>) => void) | undefined;
  #settled = false;
  #failure: Error | undefined;
  #closeTransferred: (() => void) | undefined;
  /** Duplicates of our own, since the frame has to wait. */
  #copies: readonly OwnedFd[] = NONE;
  /** Streams among what is sent, which are not read here meanwhile. */
  #held: readonly ReadingHold[] = NONE;
  #stopListening: (() => void) | undefined;

  private constructor(bytes: Uint8Array, promised: boolean) {
    this.bytes = bytes;
    this.promised = promised;
  }

  /** Plain bytes of a stream. */
  static chunk(bytes: Uint8Array, tell: (error?: Error) => void): Outgoing {
    const chunk = new Outgoing(bytes, false);
    chunk.#tell = tell;
    return chunk;
  }

  /**
   * What `send()` was given, checked as far as it can be before anything is written. A frame that may not be sent has its
   * transferred descriptors closed, unless it was the transfer that was refused.
   * @throws TypeError, ERR_FD_BUSY, with every source left as it was; ERR_FD_CLOSED, ERR_FD_WITHOUT_BYTES, EBADF
   */
  static frame(bytes: Uint8Array, given: readonly FdLike[], transfer: boolean, table: DescriptorTable): Outgoing {
    const frame = new Outgoing(bytes, true);
    // The caller may change the array once send() has returned.
    const sources = transfer ? [...given] : given;
    try {
      if (given.length > 0) frame.fds = numbersOf(given, transfer);
      check(bytes, frame.fds, table);
    } catch (error) {
      const refused = error instanceof TypeError || (error instanceof AncillaryError && error.code === 'ERR_FD_BUSY');
      if (transfer && !refused) closeAll(sources, table);
      throw error;
    }
    if (transfer) frame.#closeTransferred = () => closeAll(sources, table);
    if (given.length > 0) frame.#held = holdAll(given);
    return frame;
  }

  /** A promise of how it goes. Most frames are sent by now, and share one. */
  outcome(): Promise<void> {
    if (!this.#settled) {
      return new Promise((resolve) => {
        this.#resolve = resolve;
      });
    }
    return this.#failure === undefined ? SENT : Promise.reject(this.#failure);
  }

  /** Sent, or failed. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Settles it when the signal aborts, provided that `withdraw` can still take it back. */
  withdrawOn(signal: AbortSignal, withdraw: () => boolean): void {
    const onAbort = (): void => {
      if (withdraw()) this.settle(abortError(signal));
    };
    signal.addEventListener('abort', onAbort);
    this.#stopListening = () => signal.removeEventListener('abort', onAbort);
  }

  /**
   * Replaces the borrowed descriptors by duplicates of our own; does nothing the second time.
   * @throws EMFILE, EBADF, with the frame as it was
   */
  secure(table: DescriptorTable): void {
    if (this.#copies.length > 0) return;
    const copies: OwnedFd[] = [];
    try {
      for (const fd of this.fds) copies.push(OwnedFd.ofLedger(table.dup(fd), table));
    } catch (error) {
      OwnedFd.closeAll(copies);
      throw error;
    }
    this.#copies = copies;
    this.fds = copies.map(({ fd }) => fd);
  }

  /** Tells how it went and closes what it holds; does nothing the second time. */
  settle(error?: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#failure = error;
    this.#stopListening?.();
    if (this.#copies.length > 0) OwnedFd.closeAll(this.#copies);
    for (const hold of this.#held) {
      if (error === undefined) hold.sent();
      else hold.failed();
    }
    // A Writable is in the middle of handing over, and what the user's close() wrote to it meanwhile would be lost.
    if (this.onSettled !== undefined && this.#closeTransferred !== undefined) process.nextTick(() => this.#finish());
    else this.#finish();
    this.onSettled?.();
  }

  #finish(): void {
    this.#closeTransferred?.();
    this.#tell?.(this.#failure);
    this.#resolve?.(this.#failure && Promise.reject(this.#failure));
  }
}

function check(bytes: Uint8Array, fds: readonly number[], table: DescriptorTable): void {
  table.requireSendable?.(fds);
  const least = bytesNeededFor(fds.length);
  if (bytes.length < least) {
    throw new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      `descriptors ride on bytes: ${fds.length} of them on ${least} or more, and ${bytes.length} were given; ` +
        `nothing was sent, and with transfer the descriptors are closed`,
    );
  }
  // One sendmsg checks its descriptors before it sends; of several, the first would be gone before the second fails.
  const notOpen = fds.length > MAX_FDS_PER_SENDMSG ? fds.find((fd) => !table.isOpen(fd)) : undefined;
  if (notOpen !== undefined) throw systemError('EBADF', 'sendmsg', `descriptor ${notOpen} is not open`);
}

function holdAll(sources: readonly FdLike[]): readonly ReadingHold[] {
  let held: ReadingHold[] | undefined;
  for (const source of sources) {
    const hold = holdReading(source);
    if (hold !== undefined) (held ??= []).push(hold);
  }
  return held ?? NONE;
}

function closeAll(sources: readonly FdLike[], table: DescriptorTable): void {
  for (const source of sources) closeSource(source, table);
}
