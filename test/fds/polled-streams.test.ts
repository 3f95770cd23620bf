import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { codeOf, destroyed, fill } from '../socket/sockets';
import { inChild } from '../hostile/child';
import { until } from '../hostile/until';
import { type Child, python } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

// What a sender made of its pipe or terminal must not matter: Go, tokio and libuv make theirs non-blocking.

/** Sends on descriptor 3 what the letters of its argument ask for, all in one message; then does what it reads there. */
const PEER = `
import fcntl, os, pty, socket, sys, termios, tty
peer = socket.socket(fileno=3)
peer.setblocking(True)
def nonblocking(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
    return fd
reader, writer = os.pipe()
path = f'/tmp/ancillary-fifo-{os.getpid()}'
os.mkfifo(path)
fifo = os.open(path, os.O_RDWR)
os.unlink(path)
master, terminal = pty.openpty()
tty.setraw(terminal)
ends = {'r': reader, 'w': writer, 'f': fifo, 'm': master, 't': terminal}
if sys.argv[1] == 'nonblocking':
    for fd in ends.values():
        nonblocking(fd)
socket.send_fds(peer, [b'x'], [ends[letter] for letter in sys.argv[2]])
def flags(letter):
    return int(bool(fcntl.fcntl(ends[letter], fcntl.F_GETFL) & os.O_NONBLOCK))
def blocking(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    return fd
def read_all(fd):
    data = b''
    while part := os.read(blocking(fd), 65536):
        data += part
    return data
while line := peer.recv(100).decode():
    exec(line)
`;

let ours: FdSocket;
let peer: Child;

async function start(mode: 'blocking' | 'nonblocking', letters: string): Promise<OwnedFd[]> {
  const [left, theirs] = socketpair({ child: true });
  ours = left;
  peer = python(PEER, { descriptors: [theirs.fd], args: [mode, letters] });
  theirs.close();
  return (await ours.receive(1)).fds;
}

async function ended(): Promise<void> {
  ours.end();
  await peer.succeeded();
  await destroyed(ours);
}

function only(received: OwnedFd[]): OwnedFd {
  const [fd] = received;
  if (fd === undefined) throw new Error('no descriptor came');
  return fd;
}

async function closed(...streams: readonly { closed: boolean }[]): Promise<void> {
  await until(() => streams.every((stream) => stream.closed));
}

/** Large enough to fill a pipe many times over. */
const MILLION = Buffer.alloc(1_000_000, 'all the bytes, in their order; ');

describe.each(['blocking', 'nonblocking'] as const)('what its sender left %s', (mode) => {
  it('is read from a pipe, as it comes and to the end, and stays so', async () => {
    const stream = fds.toReadStream(only(await start(mode, 'r')));
    const chunks: string[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    await ours.send(`os.write(writer, b'one'); print(flags('r'), flags('w'), flush=True)`);
    expect(await peer.line()).toBe(mode === 'blocking' ? '0 0' : '1 1');
    await until(() => chunks.join() === 'one');
    await ours.send(`os.write(writer, b'two'); os.close(writer)`);
    await once(stream, 'end');
    expect(chunks).toEqual(['one', 'two']);
    await closed(stream);
    await ended();
  });

  it('is read in full from a pipe that is written to as fast as it goes', async () => {
    const stream = fds.toReadStream(only(await start(mode, 'r')));
    await ours.send(`blocking(writer); [os.write(writer, b'x' * 100_000) for _ in range(30)]; os.close(writer)`);
    expect((await buffer(stream)).equals(Buffer.alloc(3_000_000, 'x'))).toBe(true);
    await closed(stream);
    await ended();
  });

  it('takes a million bytes into a pipe', async () => {
    const stream = fds.toWriteStream(only(await start(mode, 'w')));
    stream.end(MILLION);
    await ours.send(`import hashlib; os.close(writer); print(hashlib.md5(read_all(reader)).hexdigest(), flush=True)`);
    expect(await peer.line()).toBe(crypto.createHash('md5').update(MILLION).digest('hex'));
    await closed(stream);
    await ended();
  });

  it('is read from and written to a named pipe', async () => {
    const [reading, writing] = await start(mode, 'ff');
    if (reading === undefined || writing === undefined) throw new Error('two were sent');
    const [source, target] = [fds.toReadStream(reading), fds.toWriteStream(writing)];
    target.end(MILLION);
    let count = 0;
    const read: Buffer[] = [];
    source.on('data', (chunk: Buffer) => {
      read.push(chunk);
      count += chunk.length;
    });
    await until(() => count === MILLION.length);
    expect(Buffer.concat(read).equals(MILLION)).toBe(true);
    source.destroy();
    await closed(source, target);
    await ended();
  });

  it('is read from and written to a terminal, from either end', async () => {
    const [master, terminal] = await start(mode, 'mt');
    if (master === undefined || terminal === undefined) throw new Error('two were sent');
    expect(fds.describeFd(terminal).kind).toBe('character-device');
    const [toMaster, fromTerminal] = [fds.toWriteStream(fds.dup(master)), fds.toReadStream(fds.dup(terminal))];
    const [toTerminal, fromMaster] = [fds.toWriteStream(terminal), fds.toReadStream(master)];
    const bytes = MILLION.subarray(0, 30_000);
    for (const [target, source] of [
      [toMaster, fromTerminal],
      [toTerminal, fromMaster],
    ] as const) {
      target.end(bytes);
      expect((await read(source, bytes.length)).equals(bytes)).toBe(true);
      source.destroy();
    }
    await closed(toMaster, fromTerminal, toTerminal, fromMaster);
    await ended();
  });
});

async function read(stream: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let count = 0;
  while (count < length) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await once(stream, 'readable');
    else count += chunks.push(chunk) && chunk.length;
  }
  return Buffer.concat(chunks);
}

it('many pipes that nobody writes to keep neither the thread pool nor the process', async () => {
  const { result } = await inChild<readonly string[]>(`
    const pipes = Array.from({ length: 20 }, () => ancillary.fds.pipe());
    const streams = pipes.map(([reader]) => ancillary.fds.toReadStream(reader).resume());
    await turns(5);
    const content = await require('node:fs/promises').readFile('/proc/self/comm', 'utf8');
    const closed = streams.map((stream) => new Promise((resolve) => stream.on('close', resolve)));
    for (const stream of streams) stream.destroy();
    await Promise.all(closed);
    return [content, require('node:fs').readFileSync('/proc/self/comm', 'utf8')];`);
  // Node 24 and later name their main thread.
  const [byPool, byLoop] = result;
  expect(byPool).toMatch(/./);
  expect(byPool).toBe(byLoop);
});

it('a pipe that is destroyed while it waits is closed at once, and its other end sees that', async () => {
  const [reader, writer] = fds.pipe();
  const stream = fds.toReadStream(reader).resume();
  expect(stream.fd).toBeGreaterThan(2);
  await new Promise((resolve) => setImmediate(resolve));
  stream.destroy();
  await once(stream, 'close');
  expect(stream.fd).toBe(-1);
  const output = fds.toWriteStream(writer);
  output.end('x');
  expect(await once(output, 'error')).toEqual([expect.objectContaining({ code: 'EPIPE', syscall: 'write' })]);
  await closed(output);
});

it('a full pipe that nobody reads is waited for, and can be destroyed', async () => {
  const [reader, writer] = fds.pipe();
  const output = fds.toWriteStream(writer);
  expect(output.write(MILLION)).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(output.writableLength).toBe(MILLION.length);
  output.destroy();
  await closed(output);
  expect((await text(fds.toReadStream(reader))).length).toBe(65_536);
});

it('bytes that are transferred away while they wait to be written are an error', async () => {
  const [reader, writer] = fds.pipe();
  const output = fds.toWriteStream(writer);
  output.write(Buffer.alloc(65_536));
  const bytes = new Uint8Array(100);
  output.write(bytes);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  const failed = once(output, 'error');
  const input = fds.toReadStream(reader).resume();
  expect(await failed).toEqual([expect.any(TypeError)]);
  await closed(input, output);
});

it('a small chunk that is kept keeps no more memory than it has', async () => {
  const [reader, writer] = fds.pipe();
  const output = fds.toWriteStream(writer);
  const input = fds.toReadStream(reader);
  output.end('small');
  const [chunk] = (await once(input, 'data')) as [Buffer];
  expect([chunk.toString(), chunk.buffer.byteLength]).toEqual(['small', 5]);
  input.resume();
  await closed(input, output);
});

it('what is always ready, such as /dev/null, is a stream of node:fs', async () => {
  const [source, target] = ['r', 'w'].map((flags) => OwnedFd.adopt(fs.openSync('/dev/null', flags)));
  if (source === undefined || target === undefined) throw new Error('two were opened');
  const [input, output] = [fds.toReadStream(source), fds.toWriteStream(target)];
  expect([input, output]).toEqual([expect.any(fs.ReadStream), expect.any(fs.WriteStream)]);
  output.end('into nothing');
  expect(await text(input)).toBe('');
  await closed(input, output);
});

it('a pipe that is read is lent and transferred; while it waits to be sent it is not read', async () => {
  const [left, right] = socketpair();
  const before = fill(left);
  const [reader, writer] = fds.pipe();
  const input = fds.toReadStream(reader);
  let heard = '';
  input.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  await new Promise((resolve) => setImmediate(resolve));
  const abort = new AbortController();
  const refused = codeOf(() => left.send('x', [input], { signal: abort.signal }));
  const output = fds.toWriteStream(writer);
  await new Promise((resolve) => output.write('first', resolve));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe('');
  abort.abort();
  expect(await refused).toBe('ABORT_ERR');
  await until(() => heard === 'first');
  const sent = left.send('y', [input], { transfer: true });
  output.end('second');
  for (let rest = before; rest > 0;) rest -= (await right.receive(Math.min(rest, 10_000))).bytes.length;
  const arrived = fds.toReadStream(only((await right.receive(1)).fds));
  await sent;
  expect([await text(arrived), heard]).toEqual(['second', 'first']);
  await closed(input, output, arrived);
  await destroyed(left, right);
});

it('a worker that ends closes what it polls', async () => {
  const source = `
    const { fds } = require(${JSON.stringify(plainJavaScript())});
    const [reader, writer] = fds.pipe();
    globalThis.kept = [fds.toReadStream(reader).resume(), writer];
    require('node:worker_threads').parentPort.postMessage('ready');`;
  const { result } = await inChild<boolean>(`
    const { Worker } = require('node:worker_threads');
    const { readdirSync, readlinkSync } = require('node:fs');
    const linkOf = (name) => { try { return readlinkSync('/proc/self/fd/' + name); } catch { return ''; } };
    const open = () => readdirSync('/proc/self/fd').filter((name) => /pipe|eventpoll/.test(linkOf(name))).length;
    const before = open();
    const worker = new Worker(${JSON.stringify(source)}, { eval: true });
    await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
    const meanwhile = open();
    await worker.terminate();
    await until(() => open() <= before);
    return meanwhile > before + 2;`);
  expect(result).toBe(true);
});
