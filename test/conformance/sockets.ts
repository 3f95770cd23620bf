import { type FdFrame, FdSocket, type FdSocketOptions } from '../../packages/stream';
import type { Kernel } from './kernel';
import { received } from './sent-files';

/** An FdSocket in each process, connected; descriptors go from the first to the second. `using` destroys both. */
export interface Sockets extends Disposable {
  readonly sender: FdSocket;
  readonly receiver: FdSocket;
}

export function openSockets(kernel: Kernel, options: FdSocketOptions = {}): Sockets {
  const [a, b] = kernel.socketpair();
  const sender = FdSocket.wrap(kernel.bindings[0], a, options);
  const receiver = FdSocket.wrap(kernel.bindings[1], b, options);
  return {
    sender,
    receiver,
    [Symbol.dispose]() {
      sender.destroy();
      receiver.destroy();
    },
  };
}

/** What a frame brought: its bytes as text, and its files. Its descriptors are closed. */
export function take(kernel: Kernel, frame: FdFrame): [text: string, files: string[]] {
  using closing = frame;
  return [closing.bytes.toString('latin1'), received(kernel, closing.fds)];
}

const CHUNK = Buffer.alloc(16_384, '.');

/** Writes until the socket has had enough. Returns how many bytes. */
export function fill(socket: FdSocket): number {
  for (let count = 1; count < 1_000; count++) {
    if (!socket.write(CHUNK)) return count * CHUNK.length;
  }
  throw new Error('write() never returned false');
}

/** Everything until the end of the stream: the bytes behind so many as text, and all files. `came` follows each frame. */
export async function readToEnd(
  kernel: Kernel,
  receiver: FdSocket,
  filled = 0,
  came = (): void => undefined,
): Promise<[string, string[]]> {
  const chunks: Buffer[] = [];
  const files: string[] = [];
  for await (const frame of receiver.frames()) {
    using closing = frame;
    chunks.push(closing.bytes);
    files.push(...received(kernel, closing.fds));
    came();
  }
  return [Buffer.concat(chunks).toString('latin1', filled), files];
}
