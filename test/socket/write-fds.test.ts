import { type FdSocket, fds, socketpair } from '../../packages/ancillary';
import { codeOf, destroyed, nextOf } from './sockets';

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair({ highWaterMark: 100 });
});
afterEach(() => destroyed(left, right));

it('a frame as long as highWaterMark that the kernel takes at once wants to drain where a chunk would', async () => {
  // That differs between versions of Node.
  const [writing, reading] = socketpair({ highWaterMark: 100 });
  const wrote = writing.write(Buffer.alloc(100));
  const sent = left.send(Buffer.alloc(100));
  expect(left.writableNeedDrain).toBe(writing.writableNeedDrain);
  expect(right.writeFds(Buffer.alloc(100), [])).toBe(wrote);
  expect(right.writableNeedDrain).toBe(writing.writableNeedDrain);
  await sent;
  await destroyed(writing, reading);
});

it('no callback is called, and nothing sent, where a descriptor is busy', async () => {
  const [inner, outer] = socketpair();
  await outer.send('abc');
  await nextOf(inner.frames());
  inner.unshift(Buffer.from('x'));
  expect(await codeOf(() => left.writeFds('x', [inner], { transfer: true }))).toBe('ERR_FD_BUSY');
  expect([inner.destroyed, left.stats.bytesWritten]).toEqual([false, 0]);
  await destroyed(inner, outer);
});

it('options may stand before the callback, or not', async () => {
  using memfd = fds.memfd('x');
  for (const options of [undefined, {}, { transfer: false }]) {
    await new Promise((resolve) => left.writeFds('x', [memfd], options, resolve));
  }
  await new Promise((resolve) => left.writeFds('x', [memfd], resolve));
  using frame = await right.receive(4);
  expect(frame.bytes.toString()).toBe('xxxx');
});
