import { type LookAhead, OwnedFd, type ReadEnd, type Segment } from '../binding';
import type { Fault } from './faults';
import type { HandleParts } from './handle-parts';
import { KernelError, MSG_PEEK, type ReceivedMessage } from './kernel';
import { ModelLookAhead } from './model-look-ahead';
import { type NumbersLeft, numbersLeft } from './numbers-left';

/** What one wake-up reads at most, much as in native/: bytes, segments, and descriptors but for one bundle. */
const SLAB = 65_536;
/** After a segment of so many bytes, the next slab is large. */
const LARGE = 16_384;
const LARGE_SLAB = 196_608;
const MOST_SEGMENTS = 64;
const FD_BUDGET = 512;
/** Control space for all that one sendmsg can carry (docs/kernel.md 7, 14). */
const CONTROL_LENGTH = 2048;
/** A small read is up to so many bytes. */
const SMALL = 64;
/** How often a read is small, and how often a wake-up stops before everything was read. */
const SMALL_READ = 0.4;
const EARLY_STOP = 0.2;

/** The receiving half of a socket of the model: what native/receive_pump.cc does, with chances drawn by the seed. */
export class ModelReceive {
  readonly #fd: number;
  readonly #parts: HandleParts;
  #bytesAllowed = 0;
  #fdsAllowed = 0;
  /** Where in the stream, and which system call. */
  #byte = 0;
  #message = 0;
  #ended = false;
  /** The last segment was. */
  #large = false;
  /** Descriptors of the next byte were lost for want of numbers (EMSGSIZE, docs/kernel.md 24). */
  #lost = false;

  readonly #lookAhead: ModelLookAhead;
  /** Bytes that the kernel showed in this wake-up and that were not read. */
  ahead: Buffer | undefined;

  /** Memory of the user's that each segment is placed in. */
  into: Buffer | undefined;

  constructor(fd: number, parts: HandleParts) {
    this.#fd = fd;
    this.#parts = parts;
    this.#lookAhead = new ModelLookAhead(parts.process, fd);
  }

  /** Memory that segments are placed in one after the other until it is full. */
  #filling: Buffer | undefined;

  fill(memory: Buffer): void {
    this.#filling = memory;
  }

  get wanted(): boolean {
    return !this.#ended && this.#bytesAllowed > 0 && this.#fdsAllowed > 0;
  }

  allow(bytes: number, fds: number, look: LookAhead): void {
    if (bytes > 0) this.#lookAhead.look(look);
    this.#bytesAllowed = bytes;
    this.#fdsAllowed = fds;
  }

  /** Whether descriptors wait for which there are too few numbers, so that nothing is to be read. */
  get heldBack(): boolean {
    return this.#numbersLeft === 'none' && this.#rightsWait();
  }

  /** Reads until there is nothing more, or the allowance or the wake-up's share is used up. */
  pump(segments: Segment[]): ReadEnd | undefined {
    this.ahead = undefined;
    let room = this.#large ? LARGE_SLAB : SLAB;
    let fds = 0;
    const one = this.into !== undefined || this.#numbersLeft !== 'plenty';
    while (this.wanted && room > 0 && segments.length < MOST_SEGMENTS && fds < FD_BUDGET) {
      const read = this.#readOnce(room);
      if (read === 'again') return undefined;
      if (read === 'shown') return undefined;
      if (read === 'eof' || 'error' in read) {
        this.#ended = true;
        return read;
      }
      segments.push(read);
      this.#large = read.bytes.length >= LARGE;
      room -= read.bytes.length;
      fds += read.fds.length;
      if (one || this.#parts.random.chance(EARLY_STOP)) return undefined;
    }
    return undefined;
  }

  /** As native/free_numbers.cc, only Linux is asked. */
  get #numbersLeft(): NumbersLeft {
    const { rules, openCount, fdLimit } = this.#parts.process;
    return rules.name === 'linux' ? numbersLeft(openCount, fdLimit) : 'plenty';
  }

  #rightsWait(): boolean {
    const { process } = this.#parts;
    // A peek of an empty queue would take the error that waits behind it.
    if (process.inq(this.#fd) === 0) return false;
    return process.recvmsg(this.#fd, { size: 1, controlLength: 0, flags: MSG_PEEK }).truncated;
  }

  #readOnce(room: number): Segment | ReadEnd | 'again' | 'shown' {
    const { process, faults, random, place } = this.#parts;
    // So that no fault is used up on a call that finds nothing, or is none.
    if (!process.poll(this.#fd).in) return 'again';
    const looked = this.#look();
    if (looked !== undefined) return looked;
    const here = { socket: place, byte: this.#byte, message: this.#message, descriptors: true };
    const fault = faults.receive(here, random);
    this.#message++;
    if (fault?.what === 'eintr') return this.#readOnce(room);
    if (fault?.what === 'eagain') return 'again';
    if (fault?.what === 'lost') process.loseUnheld(this.#fd);
    if (fault?.what === 'reset' || fault?.what === 'eof') return this.#breakOff(fault.what);
    const most = Math.min(
      (this.into ?? this.#filling)?.length ?? room,
      this.#bytesAllowed,
      this.#lookAhead.limit,
      faults.untilReceiveFault(here),
    );
    if (fault?.what === 'short-read') return this.#receive(1);
    const size = random.chance(SMALL_READ) ? random.between(1, Math.min(most, SMALL)) : most;
    return fault?.what === 'emfile' ? this.#receiveWithoutNumbers(size, fault) : this.#receive(size);
  }

  /** Why nothing is read now, if so. */
  #look(): 'shown' | ReadEnd | undefined {
    try {
      const shown = this.#lookAhead.next();
      if (shown === undefined) return undefined;
      this.ahead = Buffer.from(shown);
      return 'shown';
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return { error: error.code };
    }
  }

  #receive(size: number): Segment | ReadEnd | 'again' {
    const { process } = this.#parts;
    try {
      return this.#segment(process.recvmsg(this.#fd, { size, controlLength: CONTROL_LENGTH }), size);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.code === 'EAGAIN') return 'again';
      if (error.code !== 'EMSGSIZE') return { error: error.code };
      this.#lost = true;
      return this.#receive(size);
    }
  }

  #receiveWithoutNumbers(size: number, fault: Fault): Segment | ReadEnd | 'again' {
    const { process, faults } = this.#parts;
    const read = process.withFreeNumbers(fault.free ?? 0, () => this.#receive(size));
    if (typeof read === 'object' && 'truncated' in read && read.truncated) faults.happened(fault);
    return read;
  }

  #segment({ bytes, fds, truncated }: ReceivedMessage, size: number): Segment | 'eof' {
    const { descriptors, foreign, process } = this.#parts;
    const owned: OwnedFd[] = fds.map((fd) => foreign.takeOut(fd, process) ?? descriptors.adopt(fd));
    if (bytes.length === 0) {
      // As native/receive_pump.cc: a segment has a byte at least, so these are nobody's. Linux never sends any.
      OwnedFd.closeAll(owned);
      return 'eof';
    }
    this.#byte += bytes.length;
    this.#bytesAllowed -= bytes.length;
    this.#fdsAllowed -= Math.min(this.#fdsAllowed, fds.length);
    const segment = {
      bytes: this.#placed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
      fds: owned,
      truncated: truncated || this.#lost,
      rest: this.#lookAhead.took(bytes.length, size, fds.length > 0 || truncated || this.#lost),
    };
    this.#lost = false;
    return segment;
  }

  #placed(bytes: Buffer): Buffer {
    const memory = this.into ?? this.#filling;
    if (memory === undefined) return bytes;
    bytes.copy(memory);
    if (this.into === undefined)
      this.#filling = bytes.length < memory.length ? memory.subarray(bytes.length) : undefined;
    return memory.subarray(0, bytes.length);
  }

  /** The connection is gone, for both ends. */
  #breakOff(fault: 'reset' | 'eof'): ReadEnd {
    this.#parts.process.shutdown(this.#fd, 'SHUT_RDWR');
    this.#parts.scheduler.changed();
    return fault === 'eof' ? 'eof' : { error: 'ECONNRESET' };
  }
}
