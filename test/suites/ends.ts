import type {
  Credentials,
  ReceivedMessage,
  SendMessage,
  SocketType,
  SystemCalls,
} from '../../packages/binding-model/kernel';
import type { System } from './systems';

/** CMSG_LEN and CMSG_SPACE on 64-bit systems: a control message with so many bytes of payload, without and with padding. */
export const controlLength = (payload: number): number => 16 + payload;
export const controlSpace = (payload: number): number => controlLength(Math.ceil(payload / 8) * 8);

/** Bytes of one descriptor in a control message, and of credentials. */
export const FD = 4;
export const CREDENTIALS = 12;

/** Room for all control messages that can come. */
const AMPLE = controlSpace(CREDENTIALS) + controlSpace(253 * FD);

/** Whom messages are from whose writer the kernel did not note. */
export const NOBODY: Credentials = { pid: 0, uid: 65_534, gid: 65_534 };

/** What a receive brought, with its descriptors told as the files behind them. */
export interface Came {
  readonly text: string;
  readonly files: readonly string[];
  readonly truncated: boolean;
  readonly credentials?: Credentials;
}

export interface Room {
  /** Bytes of data; default 1000. */
  readonly size?: number;
  /** Bytes of control messages; default all that can come. */
  readonly control?: number;
  readonly flags?: number;
}

/** A pair of connected stream sockets in a process. It closes whatever was opened or received through it. */
export class Ends implements Disposable {
  readonly calls: SystemCalls;
  readonly self: Credentials;
  readonly sender: number;
  readonly receiver: number;
  readonly #fdLimit: number;
  readonly #open = new Set<number>();

  constructor({ calls, credentials, fdLimit }: System) {
    this.calls = calls;
    this.self = credentials;
    this.#fdLimit = fdLimit;
    [this.sender, this.receiver] = this.pair('stream');
  }

  pair(type: SocketType): [number, number] {
    const ends = this.calls.socketpair(type);
    for (const end of ends) this.#open.add(end);
    return ends;
  }

  /** A new file of this name. */
  file(name: string): number {
    const fd = this.calls.open(name);
    this.#open.add(fd);
    return fd;
  }

  close(...fds: readonly number[]): void {
    for (const fd of fds) {
      this.#open.delete(fd);
      this.calls.close(fd);
    }
  }

  /** Sends text with descriptors in one control message. Returns how many bytes were taken. */
  send(text: string, fds: readonly number[] = [], more: Partial<SendMessage> = {}): number {
    const rights = fds.length === 0 ? {} : { fds: [fds] };
    return this.calls.sendmsg(this.sender, { bytes: Buffer.from(text), ...rights, ...more });
  }

  /** Receives without closing the descriptors before this object does. */
  take({ size = 1000, control = AMPLE, flags = 0 }: Room = {}): ReceivedMessage {
    const message = this.calls.recvmsg(this.receiver, { size, controlLength: control, flags });
    for (const fd of message.fds) this.#open.add(fd);
    if (message.pidfd !== undefined) this.#open.add(message.pidfd);
    return message;
  }

  /** Receives, and closes the descriptors when it knows what they are. */
  receive(room?: Room): Came {
    const { bytes, fds, truncated, credentials } = this.take(room);
    const files = fds.map((fd) => this.calls.identity(fd));
    this.close(...fds);
    const came = { text: textOf(bytes), files, truncated };
    return credentials === undefined ? came : { ...came, credentials };
  }

  /** Has the receiving end ask for the credentials of writers, or stop asking. */
  askForCredentials(end: number, value = 1): void {
    this.calls.setsockopt(end, 'SO_PASSCRED', value);
  }

  /** Whether two sockets are the two ends of one pair: what goes in at either comes out at the other. */
  talk(one: number, other: number): boolean {
    return [
      [one, other],
      [other, one],
    ].every(([from = -1, to = -1], index) => {
      const text = `to and fro ${index}`;
      this.calls.sendmsg(from, { bytes: Buffer.from(text) });
      return textOf(this.calls.recvmsg(to, { size: 100, controlLength: 0 }).bytes) === text;
    });
  }

  /** A socket to give away, and whether nobody has it any more. */
  witness(): { readonly fd: number; readonly gone: () => boolean } {
    const [kept, fd] = this.pair('stream');
    return { fd, gone: () => this.calls.poll(kept).hup };
  }

  /** Runs something while no further descriptor can be opened. */
  withFullTable<Result>(run: () => Result): Result {
    // Numbers are given out from the lowest, so all below the next one are taken.
    const next = this.calls.dup(this.sender);
    this.calls.close(next);
    this.calls.setFdLimit(next);
    try {
      return run();
    } finally {
      this.calls.setFdLimit(this.#fdLimit);
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) this.calls.close(fd);
    this.#open.clear();
  }
}

/** What {@link Ends.receive} returns of a message that came whole. */
export function whole(text: string, files: readonly string[] = [], credentials?: Credentials): Came {
  const came = { text, files, truncated: false };
  return credentials === undefined ? came : { ...came, credentials };
}

/** The same of one that lost control messages. */
export function cut(text: string, files: readonly string[] = []): Came {
  return { text, files, truncated: true };
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
