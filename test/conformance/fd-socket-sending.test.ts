import { once } from 'node:events';
import { lengthPrefixed } from '../../packages/codec';
import { closed, codeOf } from '../socket/sockets';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { notOpen, SentFiles } from './sent-files';
import { fill, openSockets, readToEnd, type Sockets, take } from './sockets';

// send() of an FdSocket: what arrives, what waits, what is taken back, and what fails.

/** Ends the stream and reads what came. */
function end(
  kernel: Kernel,
  { sender, receiver }: Sockets,
  filled?: number,
  came?: () => void,
): Promise<[string, string[]]> {
  sender.end();
  return readToEnd(kernel, receiver, filled, came);
}

onEach(kernelsWithFaults, (test) => {
  test('write() and send() keep their order, also behind what waits', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const [a = -1, b = -1] = files.numbers;
    const filled = fill(sender);
    sender.write('A');
    const sends = [sender.send('B', [a]), sender.send('C')];
    sender.write('D');
    sender.cork();
    sender.write('E');
    sends.push(sender.send('F', [b, a]));
    sender.uncork();
    sender.write('G');
    const [ia, ib] = files.identities;
    expect(await end(kernel, sockets, filled)).toEqual(['ABCDEFG', [ia, ib, ia]]);
    await Promise.all(sends);
  });

  test('a borrowed descriptor may be closed, and its number used again, as soon as send() returned', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const filled = fill(sender);
    const borrowed = new SentFiles(kernel, 2);
    const sends = [sender.send('waits', borrowed.numbers)];
    const freed = borrowed.numbers;
    borrowed[Symbol.dispose]();
    using others = new SentFiles(kernel, 2);
    expect(others.numbers.some((number) => freed.includes(number))).toBe(true);
    expect(await end(kernel, sockets, filled)).toEqual(['waits', borrowed.identities]);
    await Promise.all(sends);
  });

  test('transfer closes each descriptor when it was sent, and not before', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const { descriptors } = kernel.bindings[0];
    const filled = fill(sender);
    const files = new SentFiles(kernel, 2);
    const [owned, bare] = files.owned;
    if (owned === undefined || bare === undefined) throw new Error('two were opened');
    const number = bare.take();
    const sent = sender.send('moved', [owned, number], { transfer: true });
    expect([owned.closed, descriptors.isOpen(number)]).toEqual([false, true]);
    expect(await end(kernel, sockets, filled)).toEqual(['moved', files.identities]);
    await sent;
    expect([owned.closed, descriptors.isOpen(number)]).toEqual([true, false]);
  });

  test('transfer closes also what could not be sent', async (kernel) => {
    using sockets = openSockets(kernel);
    using files = new SentFiles(kernel, 3);
    const [a, b, c] = files.owned.map((each) => [each]);
    const transfer = true;
    expect(await codeOf(() => sockets.sender.send('', a, { transfer }))).toBe('ERR_FD_WITHOUT_BYTES');
    expect(await codeOf(() => sockets.sender.send('x', b, { transfer, signal: AbortSignal.abort() }))).toBe(
      'ABORT_ERR',
    );
    sockets.sender.destroy();
    expect(await codeOf(() => sockets.sender.send('x', c, { transfer }))).toBe('ERR_FD_CLOSED');
    expect(files.owned.map(({ closed: isClosed }) => isClosed)).toEqual([true, true, true]);
  });

  test('a signal takes a waiting frame back whole, and leaves one of which a byte was accepted', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    using files = new SentFiles(kernel, 2);
    const [a = -1, b = -1] = files.numbers;
    const controllers = [new AbortController(), new AbortController()] as const;
    const long = sender.send(Buffer.alloc(3_000_000, '.'), [a], { signal: controllers[0].signal });
    const waiting = sender.send('taken back', [b], { signal: controllers[1].signal });
    const kept = sender.send('kept');
    const aborted = expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    // With the first bytes: a turn of the event loop later all may have been sent.
    const rest = end(kernel, sockets, 3_000_000, () => {
      for (const controller of controllers) controller.abort();
    });
    await aborted;
    expect(await rest).toEqual(['kept', files.identities.slice(0, 1)]);
    await Promise.all([long, kept]);
  });

  test('a frame with a bad descriptor fails alone, and nothing of it is sent', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const [good = -1] = files.numbers;
    const bad = notOpen(kernel);
    const many = [...Array.from({ length: 300 }, () => good), bad];
    const results = await Promise.allSettled([
      sender.send('a'),
      sender.send('b', [good]),
      sender.send('c', [good, bad]),
      sender.send('d'.repeat(9), many),
      sender.send('', [good]),
      sender.send(
        'e',
        Array.from({ length: 254 }, () => good),
      ),
      sender.send('f', [-1]),
      sender.send('g', [good]),
    ]);
    const codes = results.map((each) =>
      each.status === 'fulfilled' ? 'sent' : (each.reason as { code: string }).code,
    );
    const refused = ['EBADF', 'EBADF', 'ERR_FD_WITHOUT_BYTES', 'ERR_FD_WITHOUT_BYTES', 'ERR_FD_CLOSED'];
    expect(codes).toEqual(['sent', 'sent', ...refused, 'sent']);
    const [text, came] = await end(kernel, sockets);
    expect([text, came]).toEqual(['abg', [...files.identities, ...files.identities]]);
  });

  test('after end() send() is ERR_FD_CLOSED, and the other direction goes on', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const last = sender.send('last', files.numbers);
    sender.end();
    expect(await codeOf(() => sender.send('late'))).toBe('ERR_FD_CLOSED');
    await last;
    expect(take(kernel, await receiver.receive(4))).toEqual(['last', files.identities]);
    await receiver.send('answer');
    const { bytes } = await sender.receive(6);
    expect(bytes.toString()).toBe('answer');
  });

  test('a peer that goes away fails what waits with EPIPE and destroys the socket', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const errors: unknown[] = [];
    sender.on('error', (error) => errors.push(error));
    fill(sender);
    const sent = [codeOf(() => sender.send('x', files.numbers)), codeOf(() => sender.send('y'))];
    receiver.destroy();
    expect(await Promise.all(sent)).toEqual(['EPIPE', 'EPIPE']);
    await closed(sender);
    expect(errors).toEqual([expect.objectContaining({ code: 'EPIPE', syscall: 'sendmsg' })]);
  });

  test('write() returns false when enough waits, and drain comes when the peer has read', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const filled = fill(sender);
    expect(sender.writableNeedDrain).toBe(true);
    const drained = once(sender, 'drain');
    const rest = readToEnd(kernel, sockets.receiver, filled);
    await drained;
    sender.end('last');
    expect(await rest).toEqual(['last', []]);
  });

  test('a full socket: everything that was sent meanwhile arrives, and descriptors once', async (kernel) => {
    using files = new SentFiles(kernel, 5);
    using sockets = openSockets(kernel);
    const codec = lengthPrefixed();
    const sends = Array.from({ length: 300 }, (_, index) => {
      const fd = files.numbers[index % 5] ?? -1;
      const { bytes } = codec.encode({ bytes: Buffer.alloc(1 + (index % 7) * 700, index), fds: [fd] });
      return sockets.sender.send(bytes, [fd]);
    });
    let count = 0;
    for await (const frame of sockets.receiver.frames(codec)) {
      expect(frame.bytes[6]).toBe(count % 256);
      expect(take(kernel, frame)[1]).toEqual([files.identities[count % 5]]);
      if (++count === sends.length) break;
    }
    await Promise.all(sends);
    expect([sockets.sender.stats.fdsSent, sockets.receiver.stats.fdsReceived]).toEqual([300, 300]);
  });
});
