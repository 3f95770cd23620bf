import { once } from 'node:events';
import { readSync } from 'node:fs';
import {
  adopt,
  connect,
  createConnection,
  type FdSocket,
  fds,
  handoff,
  listen,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { identity } from '../support/descriptors';
import { Scene } from './scene';

const LARGE = 150_000;
const codec = lengthPrefixed();

/**
 * One of everything that two programs do with this library, through both ends of connections in one process. A frame says
 * in its bytes which files its descriptors are of, so that a wrong one is noticed.
 * @returns the errors of all ends; none if everything went through
 * @throws where a descriptor or a byte is wrong
 */
export async function exchange(path: string): Promise<unknown[]> {
  const scene = new Scene();
  using files = new SentFiles(scene);
  try {
    files.make(4);
    await framesAndHandoff(scene, path, files);
    await ofPairs(scene, files);
    helpers(files);
  } catch (error) {
    if (error instanceof Wrong) throw error;
    scene.errors.push(error);
  } finally {
    await scene.end();
  }
  return scene.errors;
}

export class Wrong extends Error {}

class SentFiles implements Disposable {
  readonly owned: OwnedFd[] = [];
  #sent = 0;

  constructor(private readonly scene: Scene) {}

  make(count: number): void {
    for (let made = 0; made < count; made++) this.owned.push(fds.memfd('a file', Buffer.from(`${made}`)));
  }

  /** A frame's text and its descriptors. */
  next(count: number): { bytes: Buffer; fds: OwnedFd[] } {
    const chosen = Array.from({ length: count }, () => this.#next());
    return { bytes: Buffer.from(chosen.map(({ fd }) => identity(fd)).join(' ')), fds: chosen };
  }

  #next(): OwnedFd {
    const file = this.owned[this.#sent++ % this.owned.length];
    if (file === undefined) throw new Error('there are no files');
    return file;
  }

  [Symbol.dispose](): void {
    for (const file of this.owned) {
      try {
        file.close();
      } catch (error) {
        this.scene.errors.push(error);
      }
    }
  }
}

/** @throws Wrong */
function check(bytes: Uint8Array, received: readonly OwnedFd[]): void {
  const is = received.map(({ fd }) => identity(fd)).join(' ');
  const expected = Buffer.from(bytes).toString();
  if (is !== expected) throw new Wrong(`the frame says ${expected}, and its descriptors are ${is}`);
}

async function framesAndHandoff(scene: Scene, path: string, files: SentFiles): Promise<void> {
  const { signal } = scene;
  const server = scene.server(await listen({ path, mode: 0o666 }, { signal }));
  const connections = server[Symbol.asyncIterator]();
  const accept = async (): Promise<FdSocket> => {
    const { value } = (await connections.next()) as IteratorResult<FdSocket, undefined>;
    if (value === undefined) throw Object.assign(new Error('the server ended'), { name: 'AbortError' });
    return scene.socket(value);
  };
  await scene.all(serve(accept), client(scene, path, files));
  await scene.all(serveBytes(scene, accept), bytesClient(scene, path, files));
  await server.close();
}

async function serve(accept: () => Promise<FdSocket>): Promise<void> {
  const socket = await accept();
  if (socket.peerCredentials.pid !== process.pid) throw new Wrong('this process is at the other end');
  let count = 0;
  for await (const frame of socket.frames(codec)) {
    using message = frame;
    const header = 6;
    check(message.bytes.subarray(header), message.fds);
    await socket.send(message.bytes, message.fds);
    if (++count === 3) break;
  }
  using received = await handoff.receiveFd(socket, { acknowledge: true });
  await handoff.sendFd(socket, received, { acknowledge: true });
  socket.end();
  socket.resume();
  await closing(socket);
}

async function client(scene: Scene, path: string, files: SentFiles): Promise<void> {
  const socket = scene.socket(await connect(path, { signal: scene.signal }));
  for (const count of [3, 1, 0]) {
    const { bytes, fds: sent } = files.next(count);
    const encoded = codec.encode({ bytes, fds: sent });
    await socket.send(Buffer.concat([encoded.bytes].flat()), encoded.fds);
  }
  let back = 0;
  for await (const frame of socket.frames(codec)) {
    using message = frame;
    check(message.bytes.subarray(6), message.fds);
    if (++back === 3) break;
  }
  const {
    bytes,
    fds: [file],
  } = files.next(1);
  if (file === undefined) throw new Error('there are no files');
  await handoff.sendFd(socket, file, { acknowledge: true });
  using returned = await handoff.receiveFd(socket, { acknowledge: true });
  check(bytes, [returned]);
  socket.end();
  socket.resume();
  await closing(socket);
}

/** Bytes, and the descriptors that came with them. */
async function serveBytes(scene: Scene, accept: () => Promise<FdSocket>): Promise<void> {
  const socket = await accept();
  socket.on('data', (chunk: Buffer) => {
    try {
      socket.writeFds(chunk, socket.takeFds(), { transfer: true });
    } catch (error) {
      scene.fail(error);
    }
  });
  socket.on('end', () => socket.end());
  await closing(socket);
}

async function bytesClient(scene: Scene, path: string, files: SentFiles): Promise<void> {
  const socket = scene.socket(createConnection(path, { signal: scene.signal }));
  const { bytes, fds: sent } = files.next(2);
  const text: Buffer[] = [];
  const received: OwnedFd[] = [];
  socket.on('data', (chunk: Buffer) => {
    text.push(chunk);
    received.push(...socket.takeFds());
    if (Buffer.concat(text).length === bytes.length) socket.end();
  });
  socket.on('end', () => socket.end());
  try {
    socket.writeFds(bytes, sent);
    await closing(socket);
    if (scene.errors.length === 0) check(Buffer.concat(text), received);
  } finally {
    OwnedFd.closeAll(received);
  }
}

async function closing(socket: FdSocket): Promise<void> {
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
}

async function ofPairs(scene: Scene, files: SentFiles): Promise<void> {
  const [a, b] = socketpair().map((socket) => scene.socket(socket));
  if (a === undefined || b === undefined) throw new Error('a pair has two sockets');
  const { bytes, fds: sent } = files.next(2);
  const large = Buffer.alloc(LARGE, 'x');
  bytes.copy(large);
  const send = async () => {
    await a.send(large, sent);
    await a.send(bytes, sent);
    await a.send(bytes, sent);
    a.end();
  };
  const receive = async () => {
    {
      using frame = await b.receive(LARGE);
      check(frame.bytes.subarray(0, bytes.length), frame.fds);
    }
    {
      using frame = await b.receive(bytes.length);
      check(frame.bytes, frame.fds);
    }
    const got: Buffer[] = [];
    const owned: OwnedFd[] = [];
    try {
      await b.forEachFrame((frame) => {
        got.push(Buffer.from(frame.bytes));
        owned.push(...frame.fds.splice(0));
      });
      check(Buffer.concat(got), owned);
    } finally {
      OwnedFd.closeAll(owned);
    }
    b.end();
  };
  await scene.all(send(), receive());
  await scene.all(intoMemory(scene, files));
}

/** The receiver's own memory, and a socket that was a descriptor before. */
async function intoMemory(scene: Scene, files: SentFiles): Promise<void> {
  const [first, second] = socketpair({ child: true });
  const a = scene.socket(first);
  const received: OwnedFd[] = [];
  const text: string[] = [];
  const callback = (bytesRead: number, buffer: Uint8Array, owned: OwnedFd[]): boolean => {
    text.push(Buffer.from(buffer.subarray(0, bytesRead)).toString());
    received.push(...owned);
    return true;
  };
  const { bytes, fds: sent } = files.next(1);
  try {
    let b: FdSocket;
    try {
      b = scene.socket(adopt(second, { onread: { buffer: Buffer.alloc(100), callback } }));
    } catch (error) {
      second.close();
      throw error;
    }
    b.on('end', () => b.end());
    a.resume();
    await a.send(bytes, sent);
    a.end();
    await closing(b);
    if (scene.errors.length === 0) check(Buffer.from(text.join('')), received);
  } finally {
    OwnedFd.closeAll(received);
  }
}

/** What needs no event loop. */
function helpers(files: SentFiles): void {
  const pipe = fds.pipe();
  try {
    using copy = fds.dup(pipe[0]);
    fds.describeFd(copy);
  } finally {
    OwnedFd.closeAll(pipe);
  }
  using sealed = fds.memfd('sealed', Buffer.from('text'), { seal: true });
  const text = Buffer.alloc(4);
  const length = readSync(sealed.fd, text, 0, text.length, 0);
  if (text.toString('utf8', 0, length) !== 'text') throw new Wrong(`a memfd holds ${text.toString('utf8', 0, length)}`);
  const [first, second] = socketpair({ child: true });
  const { bytes, fds: sent } = files.next(2);
  try {
    again(() => raw.sendMessage(second, bytes, sent));
    OwnedFd.closeAll(again(() => raw.receiveMessage(first, Buffer.alloc(100), { maxFds: 253 })).fds);
  } finally {
    first.on('error', () => undefined);
    first.destroy();
    // Whether it holds anything is looked at once.
    OwnedFd.closeAll([second]);
  }
}

const AGAIN = ['EAGAIN', 'ENOBUFS', 'ENOMEM', 'ETOOMANYREFS', 'EMSGSIZE'];

/** Makes one system call of `raw`, which says when it would have to wait, once more. */
function again<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'code' in error && AGAIN.includes(String(error.code))) return call();
    throw error;
  }
}
