import { once } from 'node:events';
import { type FdFrame, fds, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import type { FrameCodec } from '../../packages/codec';
import { identity } from '../support/descriptors';
import { closed, codeOf, destroyed, nextOf } from '../socket/sockets';

const fourBytesOneEarlyFd: FrameCodec<unknown, never> = {
  reads: 'greedy',
  descriptors: 'early',
  measure: (buffered) => (buffered.length < 4 ? { need: 4 } : { length: 4, fds: 1 }),
  decode: () => undefined,
  encode: () => ({ bytes: Buffer.alloc(0) }),
};

it.each(['error', 'close'] as const)(
  'descriptors that ride ahead are no surplus of the incomplete frame in hand (onSurplus: %s)',
  async (onSurplus) => {
    const [left, right] = socketpair({ maxFdsPerFrame: 1, onSurplus });
    const pool = ['0', '1', '2'].map((name) => fds.memfd(name));
    await left.send('AAAABB', pool);
    const frames = right.frames(fourBytesOneEarlyFd);
    const came: FdFrame[] = [await nextOf(frames)];
    await left.send('BBCCCC');
    came.push(await nextOf(frames), await nextOf(frames));
    expect(came.map(({ bytes }) => bytes.toString())).toEqual(['AAAA', 'BBBB', 'CCCC']);
    expect(came.map((frame) => frame.fds.map(({ fd }) => identity(fd)))).toEqual(pool.map(({ fd }) => [identity(fd)]));
    for (const frame of came) frame.close();
    OwnedFd.closeAll(pool);
    await destroyed(left, right);
  },
);

it('but a hoard of them beyond maxQueuedFds is', async () => {
  const [left, right] = socketpair({ maxFdsPerFrame: 1, maxQueuedFds: 8 });
  using memfd = fds.memfd('x');
  await left.send('AAA', Array<OwnedFd>(20).fill(memfd));
  expect(await codeOf(() => right.frames(fourBytesOneEarlyFd).next())).toBe('ERR_FD_SURPLUS');
  await destroyed(left, right);
});

it('a socket that has ended closes when its last bytes are taken after the peer went', async () => {
  const [left, right] = socketpair();
  right.end('reply');
  await left.receive(5);
  await left.send('last');
  left.destroy();
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(right.destroyed).toBe(false);
  expect((await right.receive(4)).bytes.toString()).toBe('last');
  await closed(right);
  await closed(left);
});

it('a socket that has ended closes when a loop is left after the peer went', async () => {
  const [left, right] = socketpair();
  right.end();
  await left.send('only');
  left.destroy();
  for await (const frame of right.frames()) {
    frame.close();
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    break;
  }
  await closed(right, left);
});

it('end() goes on when the last frame it waited for is taken back', async () => {
  const [left, right] = socketpair();
  const controller = new AbortController();
  expect(() => {
    for (let count = 0; count < 10_000; count++) raw.sendMessage(left, Buffer.alloc(1_000));
  }).toThrow('EAGAIN');
  const sent = left.send('never', [], { signal: controller.signal });
  const finish = once(left, 'finish');
  left.end();
  controller.abort();
  expect(await codeOf(() => sent)).toBe('ABORT_ERR');
  // Although the peer has read nothing.
  await finish;
  await destroyed(left, right);
});

it('bytes that are written, and whose memory goes away while they wait, are an error and no success', async () => {
  const [left, right] = socketpair();
  const errors: Error[] = [];
  left.on('error', (error: Error) => errors.push(error));
  const bytes = new Uint8Array(1_000);
  left.cork();
  left.write('first');
  const written = new Promise((resolve) => left.write(bytes, resolve));
  structuredClone(bytes, { transfer: [bytes.buffer] });
  left.end();
  expect(await written).toBeInstanceOf(Error);
  await closed(left);
  expect(errors).toHaveLength(1);
  await destroyed(right);
});

/** ES2024, which these types do not know yet. */
function resizable(length: number): ArrayBuffer & { resize(length: number): void } {
  const make = ArrayBuffer as unknown as new (length: number, options: object) => ReturnType<typeof resizable>;
  return new make(length, { maxByteLength: length });
}

it('bytes whose memory shrinks below what was sent of them are an error, and no endless loop', async () => {
  const [left, right] = socketpair();
  const memory = resizable(3_000_000);
  const sent = left.send(new Uint8Array(memory));
  memory.resize(10);
  left.on('error', () => undefined);
  right.resume();
  await expect(sent).rejects.toThrow('resized away');
  await closed(left);
  await destroyed(right);
});
