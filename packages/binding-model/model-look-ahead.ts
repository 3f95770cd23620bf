import type { LookAhead } from '../binding';
import { type ModelProcess, MSG_PEEK } from './kernel';

/** How much is looked at: as native/look_ahead.cc does, but for the memory that it looks into. */
const ROOM = 65_536 + 40_960;

/** What native/look_ahead.cc does: asks the kernel, before a read, for what nothing tells afterwards. */
export class ModelLookAhead {
  readonly #process: ModelProcess;
  readonly #fd: number;
  #extent: LookAhead = 'nothing';
  /** So many bytes at the front are plain. */
  #plain = 0;
  /** Where the message with descriptors that comes next ends; 0 while that is not known. */
  #end = 0;
  /** So many bytes at the front were told. */
  #told = 0;

  constructor(process: ModelProcess, fd: number) {
    this.#process = process;
    this.#fd = fd;
  }

  look(extent: LookAhead): void {
    if (extent === 'nothing') this.#plain = this.#end = this.#told = 0;
    this.#extent = extent;
  }

  /** Only on Linux a read, and a peek, end where a message with descriptors does (docs/kernel.md 24). */
  get #looks(): boolean {
    return this.#extent !== 'nothing' && this.#process.rules.barrier === 'after';
  }

  /** How many bytes the next read may take, at most. */
  get limit(): number {
    return this.#plain > 0 ? this.#plain : this.#end > 0 ? this.#end : Infinity;
  }

  /** Looks, if need be. Returns bytes that are to be told before they are read, if any. @throws KernelError as recvmsg does */
  next(): Uint8Array | undefined {
    if (!this.#looks) return undefined;
    const told = this.#extent === 'ends' || this.#told > 0;
    if (this.#plain > 0 || (this.#end > 0 && told)) return undefined;
    const { bytes, truncated } = this.#process.recvmsg(this.#fd, { size: ROOM, controlLength: 0, flags: MSG_PEEK });
    if (!truncated) this.#plain = bytes.length;
    else if (bytes.length === ROOM) this.#plain = ROOM;
    else this.#end = bytes.length;
    if (this.#end === 0 || this.#extent === 'ends') return undefined;
    this.#told = bytes.length;
    return bytes;
  }

  /** All that was seen and holds still. */
  get key(): string {
    return `${this.#plain}.${this.#end}.${this.#told}`;
  }

  /** A read of `size` took `length` bytes. Returns how many more of the same message follow, or may. */
  took(length: number, size: number, descriptors: boolean): number {
    if (!this.#looks) return 0;
    const announced = this.#end > 0;
    this.#told = Math.max(0, this.#told - length);
    this.#plain = Math.max(0, this.#plain - length);
    this.#end = Math.max(0, this.#end - length);
    if (!descriptors) return 0;
    if (!announced) {
      this.#plain = 0;
      return length < size ? 0 : 1;
    }
    this.#plain = this.#end;
    this.#end = 0;
    this.#told = 0;
    return this.#plain;
  }
}
