import { AncillaryError, counted, type DescriptorTable, systemError, truthful } from '../../binding';
import { abortError, onAbort } from '../abort';
import { type FdLike, numbersOf } from '../fd-like';
import { nextTick } from '../later';
import type { ConnectionQuota } from '../limits/quota';
import { requireMemory } from './lost-bytes';
import { markNotOpen } from './not-open';
import { closeAll, holdAll, Obligations } from './obligations';
import { bytesNeededFor, lengthOf, MAX_FDS_PER_SENDMSG, type OutgoingFrame } from './send-queue';

/** How `send()` treats what it is given. */
export interface SendOptions {
  /** Close descriptors by their own method once they were sent, or failed to be: all, or each for which it is true. */
  readonly transfer?: boolean | readonly boolean[] | undefined;
  /** Takes the frame back as long as no byte of it was accepted; afterwards it is completed. */
  readonly signal?: AbortSignal | undefined;
}

/** How `writeFds()` treats what it is given. */
export type WriteFdsOptions = Pick<SendOptions, 'transfer'>;

const NONE: readonly never[] = [];
const NO_BYTES = new Uint8Array(0);
/** What every frame's promise is that was sent before anyone could wait for it. */
export const SENT = Promise.resolve();

/** Settles a promise; takes a rejection too, so that no second function need be kept for each frame. */
type Resolve = (outcome?: Promise<never>) => void;

interface Failure {
  readonly error: Error;
  /** The program learns of it besides, so a promise that nobody awaits need not end it. */
  readonly reported: boolean;
}

/** A frame with everything that must happen when it is sent or failed. It is settled exactly once. */
export class Outgoing implements OutgoingFrame {
  /** Whose length is asked for again and again, and always is that of the memory. */
  bytes: Uint8Array;
  pieces: readonly Uint8Array[] | undefined;
  readonly whole: number;
  fds: readonly number[] = NONE;
  readonly fdsPerSend: number;
  sent = 0;
  /** Somebody holds a promise of it, which rejects when it fails. */
  readonly promised: boolean;
  /** Waits for its place in the queue. */
  parked = false;
  /** Tells the Writable that handed it over; of a frame that fails alone, which only rejects, nothing but that it is done. */
  onSettled: ((error?: Error) => void) | undefined;
  /** Sent, or failed. */
  settled = false;
  #promise: Promise<void> | undefined;
  #resolve: Resolve | undefined;
  #failure: Failure | undefined;
  /** Few frames have any. */
  #obligations: Obligations | undefined;

  private constructor(
    bytes: Uint8Array,
    promised: boolean,
    pieces?: readonly Uint8Array[],
    fdsPerSend = MAX_FDS_PER_SENDMSG,
  ) {
    this.bytes = bytes;
    this.pieces = pieces;
    this.fdsPerSend = fdsPerSend;
    this.promised = promised;
    this.whole = lengthOf(this);
  }

  /** How many bytes it has, of all its pieces. */
  get length(): number {
    return lengthOf(this);
  }

  /** What is left of a frame that went on its way without an object of its own: the kernel accepted `sent` bytes of it. */
  static begun(bytes: Uint8Array, fds: readonly number[], sent: number): Outgoing {
    const frame = new Outgoing(truthful(bytes), true);
    frame.fds = fds;
    frame.sent = sent;
    return frame;
  }

  /** Plain bytes of a stream. */
  static chunk(bytes: Uint8Array, tell: (error?: Error) => void): Outgoing {
    const chunk = new Outgoing(bytes, false);
    chunk.onSettled = tell;
    return chunk;
  }

  /**
   * What `send()` was given, or `writeFds()`, whose frames are not `promised`; checked as far as it can be before anything
   * is written. A frame that may not be sent has its transferred descriptors closed, unless it was the transfer that was
   * refused.
   * @throws TypeError, ERR_FD_BUSY, with every source left as it was; ERR_FD_CLOSED, ERR_FD_WITHOUT_BYTES, EBADF
   */
  static frame(
    bytes: Uint8Array | readonly Uint8Array[],
    given: readonly FdLike[],
    transfer: boolean | readonly boolean[],
    table: DescriptorTable,
    promised = true,
    fdsPerSend?: number,
  ): Outgoing {
    const frame = isPieces(bytes)
      ? Outgoing.#ofPieces(bytes, promised, fdsPerSend)
      : new Outgoing(truthful(bytes), promised, undefined, fdsPerSend);
    if (frame.bytes.length === 0) requireMemory(frame.bytes);
    if (given.length > 0) frame.#attach(given, transfer, table);
    return frame;
  }

  /** Empty pieces are left out, since nothing can ride on them. */
  static #ofPieces(pieces: readonly Uint8Array[], promised: boolean, fdsPerSend: number | undefined): Outgoing {
    for (const piece of pieces) if (piece.length === 0) requireMemory(piece);
    const [first = NO_BYTES, ...others] = pieces.filter(({ length }) => length > 0);
    return new Outgoing(first, promised, others.length > 0 ? others : undefined, fdsPerSend);
  }

  #attach(given: readonly FdLike[], transfer: boolean | readonly boolean[], table: DescriptorTable): void {
    // The caller may change the array once send() has returned.
    const sources = transferred(given, transfer);
    try {
      this.fds = numbersOf(given, transfer);
      check(this, table);
      // A write that fails later is the end of the stream, so what can be told before is.
      if (!this.promised) requireOpen(this.fds, table);
    } catch (error) {
      const refused = error instanceof TypeError || (error instanceof AncillaryError && error.code === 'ERR_FD_BUSY');
      if (sources.length > 0 && !refused) closeAll(sources, table);
      throw error;
    }
    if (sources.length > 0) this.#obliged.transfer(sources, table);
    const held = holdAll(given);
    if (held !== undefined) this.#obliged.held = held;
  }

  get #obliged(): Obligations {
    return (this.#obligations ??= new Obligations());
  }

  /** A promise of how it goes. Most frames are sent by now, and share one. */
  outcome(): Promise<void> {
    if (this.settled && this.#failure === undefined) return SENT;
    const promise = new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    this.#promise = promise;
    if (this.settled) this.#tell();
    return promise;
  }

  /** Settles it when the signal aborts, provided that `withdraw` can still take it back. */
  withdrawOn(signal: AbortSignal, withdraw: () => boolean): void {
    this.#obliged.stopListening = onAbort(signal, () => {
      if (withdraw()) this.settle(abortError(signal));
    });
  }

  /**
   * Replaces the borrowed descriptors by duplicates of our own; does nothing the second time.
   * @param quota where they are counted
   * @throws EMFILE, EBADF, ERR_FD_QUOTA, with the frame as it was
   */
  secure(table: DescriptorTable, quota?: ConnectionQuota): void {
    if (this.fds.length === 0 || this.#obliged.copies.length > 0) return;
    this.fds = this.#obliged.duplicate(this.fds, table, quota);
  }

  /**
   * Tells how it went, closes what it holds and lets go of its bytes: it may have to keep its place among what waits until the
   * peer reads. Does nothing the second time.
   * @param reported whether the program learns of the failure besides
   */
  settle(error?: Error, reported = false): void {
    if (this.settled) return;
    this.settled = true;
    this.bytes = NO_BYTES;
    this.pieces = undefined;
    if (error !== undefined) this.#failure = { error, reported };
    if (this.#obligations === undefined) this.#tell();
    else this.#discharge(this.#obligations, error);
    this.onSettled?.(this.promised ? undefined : error);
  }

  #discharge(obligations: Obligations, error: Error | undefined): void {
    obligations.release(error === undefined);
    const finish = (): void => {
      obligations.closeTransferred();
      this.#tell();
    };
    // A Writable is in the middle of handing over, and what the user's close() wrote to it meanwhile would be lost.
    if (this.onSettled !== undefined && obligations.transfers) nextTick(finish);
    else finish();
  }

  #tell(): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    resolve(this.#failure && Promise.reject(this.#failure.error));
    if (this.#failure?.reported === true) this.#promise?.catch(() => undefined);
    this.#promise = undefined;
  }
}

export function isPieces(bytes: Uint8Array | readonly Uint8Array[]): bytes is readonly Uint8Array[] {
  return Array.isArray(bytes);
}

/** Those of the sources that are given away. */
function transferred(given: readonly FdLike[], transfer: boolean | readonly boolean[]): readonly FdLike[] {
  if (transfer === false) return NONE;
  return transfer === true ? [...given] : given.filter((_, index) => transfer[index]);
}

function check({ length, fds, fdsPerSend }: Outgoing, table: DescriptorTable): void {
  table.requireSendable?.(fds);
  const least = bytesNeededFor(fds.length, fdsPerSend);
  if (length < least) {
    throw new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      `fds has ${counted(fds.length, 'descriptor')}, for which bytes must have ${counted(least, 'byte')} to ride on, not ` +
        `${length}; nothing was sent, and with transfer what fds has is closed`,
    );
  }
  // One sendmsg checks its descriptors before it sends; of several, the first would be gone before the second fails.
  if (fds.length > fdsPerSend) requireOpen(fds, table);
}

function requireOpen(fds: readonly number[], table: DescriptorTable): void {
  const notOpen = fds.find((fd) => !table.isOpen(fd));
  if (notOpen === undefined) return;
  throw markNotOpen(systemError('EBADF', 'sendmsg', `descriptor ${notOpen} is not open`), notOpen);
}
