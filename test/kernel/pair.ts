import { fstatSync } from 'node:fs';
import { OwnedFd, raw } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';

/** Two connected Unix stream sockets, with what the tests of the kernel do to them. */
export class Pair implements Disposable {
  readonly sender: OwnedFd;
  readonly receiver: OwnedFd;
  readonly #lent: OwnedFd[] = [];

  /** @param sendBuffer what SO_SNDBUF becomes; the kernel's default without it */
  constructor(sendBuffer?: number) {
    [this.sender, this.receiver] = nativeBinding.socketpair();
    // The kernel doubles what it is given, to have room for its own records.
    if (sendBuffer !== undefined) this.#setOption(this.sender, addon.constants.SO_SNDBUF, sendBuffer / 2);
  }

  get sendBuffer(): number {
    return addon.getSocketOption(this.sender.fd, addon.constants.SO_SNDBUF);
  }

  /** Sends bytes with so many descriptors, all of one new memfd. Returns what `identity()` will say of them. */
  send(bytes: string | Uint8Array, fdCount = 0): string {
    const memory = nativeMemory();
    this.#lent.push(memory);
    raw.sendMessage(this.sender, Buffer.from(bytes), Array<OwnedFd>(fdCount).fill(memory));
    return identity(memory);
  }

  /** Bytes accepted, or the errno's name. */
  trySend(bytes: Uint8Array, fds: readonly number[] = []): number | string {
    return attempt(() => raw.sendMessage(this.sender, bytes, fds));
  }

  /** One recvmsg; its descriptors are closed. */
  receive(size = 1 << 20): { text: string; fds: string[]; truncated: boolean } | string {
    const buffer = Buffer.alloc(size);
    const got = attempt(() => raw.receiveMessage(this.receiver, buffer));
    if (typeof got === 'string') return got;
    const fds = got.fds.map(identity);
    OwnedFd.closeAll(got.fds);
    return { text: buffer.toString('latin1', 0, got.bytesRead), fds, truncated: got.truncated };
  }

  /** The same in short: the bytes, and how many descriptors came with them. */
  receiveCounts(size?: number): [string, number] | string {
    const got = this.receive(size);
    return typeof got === 'string' ? got : [got.text, got.fds.length];
  }

  [Symbol.dispose](): void {
    OwnedFd.closeAll([this.sender, this.receiver, ...this.#lent]);
  }

  #setOption(socket: OwnedFd, option: number, value: number): void {
    const result = addon.setSocketOption(socket.fd, option, value);
    if (result < 0) throw new Error(`setsockopt: ${result}`);
  }
}

/** What the call returns, or the `code` of what it throws. */
export function attempt<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** The same for two descriptors of one file. */
export function identity(fd: OwnedFd): string {
  const { dev, ino } = fstatSync(fd.fd, { bigint: true });
  return `${dev}:${ino}`;
}

function nativeMemory(): OwnedFd {
  const fd = addon.memfd('kernel-test', false, new Uint8Array(), 0);
  if (fd < 0) throw new Error(`memfd_create: ${fd}`);
  return OwnedFd.ofLedger(fd, nativeBinding.descriptors);
}
