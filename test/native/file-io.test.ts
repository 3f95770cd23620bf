import { createHook } from 'node:async_hooks';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fds, type OwnedFd } from '../../packages/ancillary';
import { addon } from '../../packages/binding-native';
import { addonChild } from './addon-child';

const EBADF = -9;

type Call = 'readFile' | 'writeFile';

/** What the callback is given. */
function call(name: Call, fd: number, memory: Uint8Array): Promise<number> {
  return new Promise((resolve) => addon[name](fd, memory, resolve));
}

/** All that a memfd holds, wherever it stands. */
function content(file: OwnedFd): string {
  return readFileSync(`/proc/self/fd/${file.fd}`, 'utf8');
}

it('readFile reads on from where the file stands, until 0 at its end', async () => {
  using file = fds.memfd('read', Buffer.from('abcdefg'));
  const memory = Buffer.alloc(5, '.');
  expect(await call('readFile', file.fd, memory.subarray(1, 4))).toBe(3);
  expect(memory.toString()).toBe('.abc.');
  expect(await call('readFile', file.fd, memory)).toBe(4);
  expect(memory.toString()).toBe('defg.');
  expect(await call('readFile', file.fd, memory)).toBe(0);
});

it('writeFile writes on from where the file stands', async () => {
  using file = fds.memfd('write', Buffer.from('abcdefg'));
  expect(await call('readFile', file.fd, Buffer.alloc(2))).toBe(2);
  expect(await call('writeFile', file.fd, Buffer.from('(CD)').subarray(1, 3))).toBe(2);
  expect(await call('writeFile', file.fd, Buffer.from('E'))).toBe(1);
  expect(content(file)).toBe('abCDEfg');
});

it.each<Call>(['readFile', 'writeFile'])('%s of a closed number gives -EBADF', async (name) => {
  const fd = openSync('/dev/null', 'r+');
  closeSync(fd);
  expect(await call(name, fd, Buffer.alloc(1))).toBe(EBADF);
});

it('each gives the error of a descriptor that was opened for the other', async () => {
  const [reader, writer] = fds.pipe();
  expect(await call('writeFile', reader.fd, Buffer.from('x'))).toBe(EBADF);
  expect(await call('readFile', writer.fd, Buffer.alloc(1))).toBe(EBADF);
  reader.close();
  writer.close();
});

// In a child, which ends with an error instead of hanging the tests should the read block it.
it('a read of an empty pipe waits without blocking the loop, and keeps its memory meanwhile', async () => {
  const { stdout } = await addonChild(`
    require('node:v8').setFlagsFromString('--expose-gc');
    const collect = require('node:vm').runInNewContext('gc');
    const ends = new Int32Array(2);
    if (addon.pipe(ends) !== 0) throw new Error('pipe');
    const [reader, writer] = ends;
    const results = [];
    // The two end in either order.
    const done = (count) => {
      if (results.push(count) < 3) return;
      closeAll(ends);
      console.log(JSON.stringify(results));
    };
    const start = () => {
      const memory = new Uint8Array(4);
      addon.readFile(reader, memory, done);
      return new WeakRef(memory);
    };
    const memory = start();
    setImmediate(() => {
      collect();
      results.push(memory.deref() !== undefined);
      addon.writeFile(writer, Buffer.from('xyz'), done);
    });
  `).succeeded();
  const [kept, ...counts] = JSON.parse(stdout) as unknown[];
  expect(kept).toBe(true);
  expect(counts).toEqual([3, 3]);
});

describe.each<Call>(['readFile', 'writeFile'])('%s throws a TypeError', (name) => {
  const bytes = new Uint8Array(1);
  const callback = () => undefined;

  it.each([
    ['no number', ['0', bytes, callback], 'fd must be a 32-bit integer'],
    ['no integer', [0.5, bytes, callback], 'fd must be a 32-bit integer'],
    ['a number that would be cut down to a descriptor', [2 ** 32, bytes, callback], 'fd must be a 32-bit integer'],
    ['a string for memory', [0, 'x', callback], 'memory must be a Uint8Array'],
    ['another array for memory', [0, new Uint16Array(1), callback], 'memory must be a Uint8Array'],
    ['no callback', [0, bytes], 'callback must be a function'],
    ['nothing', [], 'fd must be a 32-bit integer'],
  ])('for %s', (_what, args, message) => {
    const untyped = addon as unknown as Record<Call, (...args: readonly unknown[]) => void>;
    const attempt = () => untyped[name](...args);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }) as Error);
  });
});

it('writeFile writes the bytes that it was given, also where an async hook transfers their memory away', async () => {
  using file = fds.memfd('hooked');
  const bytes = new Uint8Array(Buffer.from('bytes'));
  const hook = createHook({
    init(_id, type) {
      if (type === 'ANCILLARYFILEIO') structuredClone(bytes, { transfer: [bytes.buffer] }).fill(120);
    },
  }).enable();
  const written = call('writeFile', file.fd, bytes);
  hook.disable();
  expect(bytes).toHaveLength(0);
  expect(await written).toBe(5);
  expect(content(file)).toBe('bytes');
});
