import type { Anchor } from '../../packages/binding';

/** One sendmsg that the kernel took: where it stands in the stream, and its descriptors, by their numbers in the script. */
export interface Message {
  readonly start: number;
  readonly end: number;
  readonly fds: readonly number[];
}

/** What was sent and not received: the kernel's queue, as those who made the calls know it. */
export class InFlight {
  /** Messages of which bytes are left. */
  #messages: Message[] = [];
  #read = 0;
  #sent = 0;

  /** Offset of the next byte to be received. */
  get read(): number {
    return this.#read;
  }

  /** Offset after the last byte sent. */
  get sent(): number {
    return this.#sent;
  }

  get length(): number {
    return this.#sent - this.#read;
  }

  /** Descriptors that no read has come to. */
  get fdCount(): number {
    return this.#messages.reduce((sum, message) => sum + (this.#untouched(message) ? message.fds.length : 0), 0);
  }

  add(length: number, fds: readonly number[]): void {
    this.#messages.push({ start: this.#sent, end: this.#sent + length, fds });
    this.#sent += length;
  }

  /** How many bytes one read can take: it stops behind descriptors, or in front of them (docs/kernel.md 2, 24). */
  atOnce(anchor: Anchor): number {
    let end = this.#read;
    for (const message of this.#messages) {
      const fds = this.#untouched(message) && message.fds.length > 0;
      if (fds && anchor === 'first-byte' && end > this.#read) break;
      end = message.end;
      if (fds && anchor === 'last-byte') break;
    }
    return end - this.#read;
  }

  /** Where the message ends that holds this byte. */
  endOf(byte: number): number {
    return this.#messages.find(({ start, end }) => start <= byte && byte < end)?.end ?? byte + 1;
  }

  /** So many bytes were received. Returns the descriptors whose first byte is among them. */
  take(length: number): number[] {
    const untouched = this.#messages.filter((message) => this.#untouched(message));
    this.#read += length;
    const fds = untouched.filter(({ start }) => start < this.#read).flatMap((message) => message.fds);
    this.#messages = this.#messages.filter(({ end }) => end > this.#read);
    return fds;
  }

  /**
   * The lengths of what is left of the messages, and their descriptors as `name` names them.
   * @param joined whether plain neighbours count as one message, which is all that a read shows of them
   */
  key(name: (fd: number) => number, joined: boolean): string {
    let key = '';
    let plain = 0;
    for (const message of this.#messages) {
      const length = message.end - Math.max(message.start, this.#read);
      const fds = this.#untouched(message) ? message.fds : [];
      if (fds.length > 0) {
        key += `${plain} ${length}:${fds.map(name).join('+')},`;
        plain = 0;
      } else if (joined) plain += length;
      else key += `${length},`;
    }
    return `${key}${plain}`;
  }

  #untouched({ start }: Message): boolean {
    return start >= this.#read;
  }
}
