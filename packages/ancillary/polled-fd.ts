import { constants } from 'node:os';
import { errnoName, OwnedFd } from '../binding';
import { addon, nativeBinding } from '../binding-native';
import { GrowingPause } from '../stream';
import { poolShare } from './pool-share';
import { Readiness } from './readiness';
import { takeOver } from './require-kind';

/** Where the other end of a terminal has room at all, it takes so much (docs/kernel.md 59); a pipe, more. */
const LEAST_ROOM = 256;

type Direction = 'read' | 'write';

/**
 * A descriptor that is not always ready, such as that of a pipe or a terminal: it is waited for on the event loop, for four
 * that wait in Node's thread pool stop all that needs it. O_NONBLOCK is neither trusted nor changed, since whoever sent the
 * descriptor has it in common with us (docs/kernel.md 52).
 */
export class PolledFd {
  readonly #direction: Direction;
  readonly #owned: OwnedFd;
  readonly #readiness: Readiness;
  /** What goes on when the descriptor is ready. */
  #next: (() => void) | undefined;
  #held = false;
  /**
   * Where the kernel cannot read or write without waiting (docs/kernel.md 53): another open file of the same thing, which does
   * not wait (59).
   */
  #ours: OwnedFd | undefined;
  /** There is none, so a thread reads or writes once it should not have to wait. */
  #byThread = false;
  #onThread = false;
  /** What waits for a thread. */
  #begin: (() => void) | undefined;
  /** What was ready, and then had nothing or no room, such as none for the two bytes that a terminal makes of a newline. */
  readonly #pause = new GrowingPause();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #afterThread: (() => void) | undefined;

  private constructor(direction: Direction, owned: OwnedFd, readiness: Readiness) {
    this.#direction = direction;
    this.#owned = owned;
    this.#readiness = readiness;
  }

  /**
   * Takes the descriptor over; undefined, and it stays as it was, for one that is always ready.
   * @throws ERR_FD_BUSY, EMFILE and others, and it stays as it was
   */
  static of(fd: number | OwnedFd, direction: Direction): PolledFd | undefined {
    const number = typeof fd === 'number' ? fd : fd.fd;
    let whenReady: () => void = () => undefined;
    const readiness = Readiness.of(number, direction, () => whenReady());
    if (readiness === undefined) return undefined;
    try {
      const polled = new PolledFd(direction, takeOver(fd), readiness);
      whenReady = () => polled.#ready();
      return polled;
    } catch (error) {
      readiness.close();
      throw error;
    }
  }

  /** -1 once closed. */
  get fd(): number {
    return this.#closed ? -1 : this.#owned.fd;
  }

  /** A thread reads or writes at this moment. */
  get busy(): boolean {
    return this.#onThread;
  }

  /**
   * Reads into the memory, or writes it, and answers once with a count from 0 up or a negative errno, which is never EAGAIN;
   * with nothing once it is closed. Reading waits for its turn first: a writer that is fast enough would else keep the loop.
   */
  transfer(memory: Buffer, answer: (result: number) => void): void {
    if (this.#direction === 'read') this.#await(() => this.#attempt(memory, answer));
    else this.#attempt(memory, answer);
  }

  /** Begins to read nothing, or to read again. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held && this.#next !== undefined && !this.#closed) this.#readiness.wait();
  }

  /** Closes it: at once, or when a thread that has it is done. @param callback gets the error of close(2), if any */
  close(callback: (error?: Error) => void): void {
    this.#closed = true;
    this.#next = undefined;
    this.#readiness.close();
    clearTimeout(this.#timer);
    if (this.#begin !== undefined && poolShare.withdraw(this.#begin)) this.#onThread = false;
    const close = (): void => {
      try {
        this.#ours?.close();
        this.#owned.close();
        callback();
      } catch (error) {
        callback(error as Error);
      }
    };
    if (this.#onThread) this.#afterThread = close;
    else close();
  }

  #await(next: () => void): void {
    this.#next = next;
    if (!this.#held) this.#readiness.wait();
  }

  #ready(): void {
    if (this.#held) return;
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  #attempt(memory: Buffer, answer: (result: number) => void): void {
    if (this.#byThread) {
      this.#attemptByThread(memory, answer);
      return;
    }
    const ours = this.#ours !== undefined;
    const { fd } = this.#ours ?? this.#owned;
    const result = this.#direction === 'read' ? addon.readNow(fd, memory, ours) : addon.writeNow(fd, memory, ours);
    const error = result < 0 ? errnoName(-result) : undefined;
    const again = (): void => this.#attempt(memory, answer);
    if (error === 'EAGAIN' && ours) {
      this.#timer = setTimeout(() => this.#await(again), this.#pause.next());
    } else if (error === 'EAGAIN') {
      this.#await(again);
    } else if (error === 'EOPNOTSUPP' && !ours) {
      if (this.#openOurs() === 'ENXIO') answer(-constants.errno.EPIPE);
      else this.#await(again);
    } else {
      this.#pause.restart();
      answer(result);
    }
  }

  /** @returns ENXIO for a named pipe that nobody reads */
  #openOurs(): string | undefined {
    const result = addon.openOwnFile(this.#owned.fd, this.#direction === 'write');
    if (result >= 0) this.#ours = OwnedFd.ofLedger(result, nativeBinding.descriptors);
    else if (errnoName(-result) === 'ENXIO') return 'ENXIO';
    else this.#byThread = true;
    return undefined;
  }

  /** It is ready: a thread waits only if somebody else was faster, or a terminal has less room than it said. */
  #attemptByThread(memory: Buffer, answer: (result: number) => void): void {
    const { fd } = this.#owned;
    const done = (result: number): void => {
      poolShare.leave();
      this.#onThread = false;
      if (this.#closed) this.#afterThread?.();
      else if (result < 0 && errnoName(-result) === 'EAGAIN') this.#await(() => this.#attempt(memory, answer));
      else answer(result);
    };
    this.#onThread = true;
    this.#begin = () => {
      this.#begin = undefined;
      if (this.#direction === 'read') addon.readFile(fd, memory, done);
      else addon.writeFile(fd, memory.subarray(0, LEAST_ROOM), done);
    };
    poolShare.enter(this.#begin);
  }
}
