import { once } from 'node:events';
import type { FdSocket } from '../../packages/stream';
import { closed, codeOf } from '../socket/sockets';
import { onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { notOpen, SentFiles } from './sent-files';
import { fill, openSockets, readToEnd, take } from './sockets';

// writeFds(): write() with descriptors, and write()'s contract.

const written = (socket: FdSocket, bytes: string, fds: readonly number[]): Promise<unknown> =>
  new Promise((resolve) => {
    socket.writeFds(bytes, fds, (error) => resolve(error ?? undefined));
  });

onEach(kernelsWithFaults, (test) => {
  test('its descriptors ride on its bytes, and the callback is called once these left', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    expect(await written(sender, 'with two', files.numbers)).toBeUndefined();
    expect(take(kernel, await receiver.receive(8))).toEqual(['with two', files.identities]);
    expect(sender.stats).toMatchObject({ bytesWritten: 8, fdsSent: 2, framesSent: 1 });
  });

  test('without descriptors it is write()', async (kernel) => {
    using sockets = openSockets(kernel);
    expect(sockets.sender.writeFds('plain', [])).toBe(true);
    expect(await written(sockets.sender, '', [])).toBeUndefined();
    expect(take(kernel, await sockets.receiver.receive(5))).toEqual(['plain', []]);
  });

  test('returns false where write() would, and drain comes', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const bytes = Buffer.alloc(1_000, '.');
    let count = 1;
    for (; count < 100_000 && sender.writeFds(bytes, files.numbers); count++);
    expect(sender.writableNeedDrain).toBe(true);
    expect(sender.writableLength).toBeGreaterThanOrEqual(sender.writableHighWaterMark);
    const drained = once(sender, 'drain');
    const rest = readToEnd(kernel, receiver);
    await drained;
    sender.end();
    const [text, came] = await rest;
    expect([text.length, came.length]).toEqual([count * 1_000, count]);
  });

  test('a descriptor may be closed as soon as it returned, also where the bytes wait or are corked', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const filled = fill(sender);
    const waits = new SentFiles(kernel, 2);
    sender.writeFds('waits', waits.numbers);
    waits[Symbol.dispose]();
    sender.cork();
    const corked = new SentFiles(kernel, 1);
    sender.writeFds('corked', corked.numbers);
    corked[Symbol.dispose]();
    sender.uncork();
    sender.end();
    const files = [...waits.identities, ...corked.identities];
    expect(await readToEnd(kernel, receiver, filled)).toEqual(['waitscorked', files]);
  });

  test('cork() holds it back, and uncork() sends it', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    sender.cork();
    sender.writeFds('A', files.numbers);
    sender.write('B');
    sender.writeFds('C', files.numbers);
    expect([sender.writableLength, sender.stats.bytesWritten]).toEqual([3, 0]);
    sender.uncork();
    sender.end();
    expect(await readToEnd(kernel, receiver)).toEqual(['ABC', [...files.identities, ...files.identities]]);
  });

  test('transfer closes each descriptor once it was sent, and when it could not be', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const filled = fill(sender);
    using files = new SentFiles(kernel, 2);
    const [sent, failed] = files.owned;
    if (sent === undefined || failed === undefined) throw new Error('two were opened');
    const done = new Promise((resolve) => sender.writeFds('moved', [sent], { transfer: true }, resolve));
    expect(sent.closed).toBe(false);
    (await receiver.receive(filled + 5)).close();
    await done;
    expect(sent.closed).toBe(true);
    sender.destroy();
    const error = await new Promise((resolve) => sender.writeFds('late', [failed], { transfer: true }, resolve));
    expect(error).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    expect(failed.closed).toBe(true);
  });

  test('what is wrong when it is called is thrown, with nothing sent and the stream as good as before', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const bad = notOpen(kernel);
    const closedFd = new SentFiles(kernel, 1);
    closedFd[Symbol.dispose]();
    const wrong: [string, () => unknown][] = [
      ['EBADF', () => sender.writeFds('x', [bad])],
      ['ERR_FD_CLOSED', () => sender.writeFds('x', closedFd.owned)],
      ['ERR_FD_WITHOUT_BYTES', () => sender.writeFds('', files.numbers)],
      ['ERR_INVALID_ARG_TYPE', () => sender.writeFds(5 as unknown as string, files.numbers)],
      ['ERR_INVALID_ARG_TYPE', () => sender.writeFds('x', 5 as unknown as number[])],
      ['ERR_INVALID_ARG_TYPE', () => sender.writeFds('x', [], null as unknown as object)],
      ['ERR_INVALID_ARG_VALUE', () => sender.writeFds('x', [], { signal: new AbortController().signal } as object)],
      ['ERR_INVALID_ARG_TYPE', () => sender.writeFds('x', [], { transfer: 'yes' as unknown as boolean })],
      ['ERR_INVALID_ARG_TYPE', () => sender.writeFds('x', [], {}, 'callback' as unknown as () => void)],
    ];
    for (const [code, attempt] of wrong) expect(await codeOf(attempt)).toBe(code);
    await sender.send('fine', files.numbers);
    expect(take(kernel, await receiver.receive(4))).toEqual(['fine', files.identities]);
  });

  test('after end() it fails as write() does', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    sender.end();
    const error = once(sender, 'error');
    expect(await written(sender, 'late', files.numbers)).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    expect(await error).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }]);
  });

  test(`a peer that is gone is told to the callback and by 'error', and nothing is left open`, async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const errors: unknown[] = [];
    sender.on('error', (error) => errors.push(error));
    fill(sender);
    const results = [written(sender, 'a', files.numbers), written(sender, 'b', [])];
    receiver.destroy();
    for (const result of results) expect(await result).toMatchObject({ code: 'EPIPE' });
    await closed(sender);
    expect(errors).toEqual([expect.objectContaining({ code: 'EPIPE', syscall: 'sendmsg' })]);
  });
});
