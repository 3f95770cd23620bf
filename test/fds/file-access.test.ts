import { once } from 'node:events';
import {
  close,
  closeSync,
  createReadStream,
  createWriteStream,
  open,
  openSync,
  read,
  readFileSync,
  write,
  writev,
} from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { fds } from '../../packages/ancillary';
import { functionsFor, throughAddon } from '../../packages/ancillary/file-access';
import { addon } from '../../packages/binding-native';

// Streams of Node over the addon's functions, which they get where node:fs refuses descriptors that it did not open.

interface Options {
  readonly fd: number;
  readonly fs: typeof throughAddon;
  readonly autoClose?: boolean;
}

/** The functions, and the descriptors that were closed through them. */
function counted(): { fs: typeof throughAddon; closed: number[] } {
  const closed: number[] = [];
  const close: typeof throughAddon.close = (fd, callback) => {
    closed.push(fd);
    throughAddon.close(fd, callback);
  };
  return { fs: { ...throughAddon, close }, closed };
}

const isOpen = (fd: number) => addon.descriptorFlags(fd) >= 0;

it('a ReadStream reads a file on from where it stands, in several reads, and closes it once', async () => {
  const text = Buffer.from(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(''));
  const fd = fds.memfd('read', text).take();
  await new Promise<void>((resolve) => addon.readFile(fd, new Uint8Array(5), () => resolve()));
  const { fs, closed } = counted();
  const stream = createReadStream('', { fd, fs, highWaterMark: 1000 });
  expect(await buffer(stream)).toEqual(text.subarray(5));
  if (!stream.closed) await once(stream, 'close');
  expect(closed).toEqual([fd]);
  expect(isOpen(fd)).toBe(false);
});

it('a WriteStream writes all it is given, in order, and closes the descriptor once', async () => {
  using file = fds.memfd('written', Buffer.from('what was there'));
  const fd = fds.dup(file).take();
  const { fs, closed } = counted();
  const stream = createWriteStream('', { fd, fs });
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`);
  for (const line of lines) stream.write(line);
  stream.end('end');
  await once(stream, 'close');
  expect(readFileSync(`/proc/self/fd/${file.fd}`, 'utf8')).toBe(`${lines.join('')}end`);
  expect(stream.bytesWritten).toBe(lines.join('').length + 3);
  expect(closed).toEqual([fd]);
  expect(isOpen(fd)).toBe(false);
});

it('what is written to one end of a pipe is read at the other, to its end', async () => {
  const [reader, writer] = fds.pipe();
  const source = createWriteStream('', { fd: writer.take(), fs: throughAddon });
  const target = createReadStream('', { fd: reader.take(), fs: throughAddon });
  // More than the pipe holds, so that a write waits.
  const bytes = Buffer.alloc(300_000, 'bytes ');
  source.end(bytes);
  expect((await buffer(target)).equals(bytes)).toBe(true);
  for (const stream of [source, target]) if (!stream.closed) await once(stream, 'close');
});

it('read and write move as many bytes as asked for, from where in the buffer they were told', async () => {
  using file = fds.memfd('cut', Buffer.from('abcdef'));
  const memory = Buffer.from('........');
  const transfer = (name: 'read' | 'write', length: number) =>
    new Promise((resolve) => {
      throughAddon[name](file.fd, memory, 2, length, null, (...told) => resolve(told));
    });
  expect(await transfer('read', 3)).toEqual([null, 3, memory]);
  expect(memory.toString()).toBe('..abc...');
  expect(await transfer('write', 2)).toEqual([null, 2, memory]);
  expect(readFileSync(`/proc/self/fd/${file.fd}`, 'utf8')).toBe('abcabf');
});

it.each([
  ['a ReadStream', 'read', (options: Options) => createReadStream('', options).resume()],
  ['a WriteStream', 'write', (options: Options) => createWriteStream('', options).end('x')],
])("%s of a closed descriptor gives 'error' with its code", async (_what, syscall, open) => {
  const kept = open({ fd: closedNumber(), fs: throughAddon, autoClose: false });
  expect(await once(kept, 'error')).toEqual([expect.objectContaining({ code: 'EBADF', syscall })]);
  const stream = open({ fd: closedNumber(), fs: throughAddon });
  expect(await once(stream, 'error')).toEqual([expect.objectContaining({ code: 'EBADF' })]);
  if (!stream.closed) await once(stream, 'close');
});

it('a ReadStream of a descriptor that cannot be read gives the error, and closes it', async () => {
  const fd = openSync('/', 'r');
  const { fs, closed } = counted();
  const stream = createReadStream('', { fd, fs }).resume();
  expect(await once(stream, 'error')).toEqual([expect.objectContaining({ code: 'EISDIR', syscall: 'read' })]);
  if (!stream.closed) await once(stream, 'close');
  expect(closed).toEqual([fd]);
  expect(isOpen(fd)).toBe(false);
});

it('close gives an error for a descriptor that somebody owns, and leaves it open', async () => {
  using file = fds.memfd('owned');
  const error = await new Promise((resolve) => throughAddon.close(file.fd, resolve));
  expect(error).toMatchObject({ code: 'ERR_FD_BUSY' });
  expect(isOpen(file.fd)).toBe(true);
});

it("Node's own functions are given for what node:fs takes itself, and for what is not open", () => {
  using file = fds.memfd('taken');
  for (const fd of [file.fd, closedNumber()]) expect(functionsFor(fd)).toEqual({ open, read, write, writev, close });
});

function closedNumber(): number {
  const fd = openSync('/dev/null', 'r+');
  closeSync(fd);
  return fd;
}
