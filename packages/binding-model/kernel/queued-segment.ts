import type { KernelRules } from './kernel-rules';
import type { OpenFile } from './open-file';
import type { Credentials } from './system-calls';
import type { Stretch } from './trace';
import type { User } from './user';

/** Descriptors in flight, and the user who is charged for them (docs/kernel.md 20). */
export interface InFlight {
  readonly files: readonly OpenFile[];
  readonly user: User;
}

/** Who sent a segment, and is charged for it while it is queued: a socket, which itself has a queue of segments. */
export interface ChargedSender {
  readonly rules: KernelRules;
  /** What its segments occupy in its send buffer. */
  memory: number;
}

/** A piece of what was sent and is not received yet (docs/kernel.md 1); of a datagram socket, a whole message. */
export class QueuedSegment {
  #consumed = 0;
  #memory: number;
  #inFlight: InFlight | undefined;

  constructor(
    readonly bytes: Uint8Array,
    /** Who wrote it, if either end has SO_PASSCRED or SO_PASSPIDFD on, or the writer said so. */
    readonly writer: Credentials | undefined,
    inFlight: InFlight | undefined,
    memory: number,
    private readonly sender: ChargedSender,
    /** Where in the stream its first byte is. */
    private readonly offset = 0,
  ) {
    this.#memory = memory;
    this.#inFlight = inFlight;
    sender.memory += memory;
    if (inFlight !== undefined) inFlight.user.inFlight += inFlight.files.length;
  }

  get unread(): number {
    return this.bytes.length - this.#consumed;
  }

  /** Where in the stream its unread bytes are, for those who draw it. */
  get stretch(): Stretch {
    return { start: this.offset + this.#consumed, end: this.offset + this.bytes.length };
  }

  /** At most `size` of the unread bytes. */
  peek(size: number): Uint8Array {
    return this.bytes.subarray(this.#consumed, this.#consumed + size);
  }

  /** Where room is counted in bytes they are free as they are read; memory is free only as a whole. */
  consume(count: number): void {
    this.#consumed += count;
    if (this.sender.rules.room === 'memory') return;
    this.#memory -= count;
    this.sender.memory -= count;
  }

  /** The descriptors that hang on it; the segment keeps the references. */
  get files(): readonly OpenFile[] | undefined {
    return this.#inFlight?.files;
  }

  /** Takes the descriptors off; the references pass to the caller. */
  takeFiles(): readonly OpenFile[] | undefined {
    if (this.#inFlight === undefined) return undefined;
    const { files, user } = this.#inFlight;
    user.inFlight -= files.length;
    this.#inFlight = undefined;
    return files;
  }

  /** Drops those descriptors for which it is true; their bytes stay. */
  lose(isLost: (file: OpenFile) => boolean): void {
    const { files = [], user } = this.#inFlight ?? {};
    const lost = files.filter(isLost);
    if (user === undefined || lost.length === 0) return;
    user.inFlight -= lost.length;
    const left = files.filter((file) => !lost.includes(file));
    this.#inFlight = left.length > 0 ? { files: left, user } : undefined;
    for (const file of lost) file.drop();
  }

  /** Gives the sender its room back, and drops the descriptors that nobody took. */
  free(): void {
    this.sender.memory -= this.#memory;
    for (const file of this.takeFiles() ?? []) file.drop();
  }
}
