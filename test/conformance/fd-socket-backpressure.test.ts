import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FdSocket } from '../../packages/stream';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { SentFiles } from './sent-files';
import { fill, openSockets } from './sockets';

// What waits counts in writableLength, and wants to drain, however it was sent.

const LARGE = 3_000_000;

/** Reads everything until the end of the stream, and returns how much it was. */
async function readToEnd(receiver: FdSocket): Promise<number> {
  let length = 0;
  for await (const frame of receiver.frames()) {
    using closing = frame;
    length += closing.bytes.length;
  }
  return length;
}

/** Sends what the kernel does not take as a whole. */
async function sendLarge(kernel: Kernel, use: (sender: FdSocket, receiver: FdSocket, fd: number) => Promise<void>) {
  using files = new SentFiles(kernel, 1);
  using sockets = openSockets(kernel);
  await use(sockets.sender, sockets.receiver, files.numbers[0] ?? -1);
}

onEach(kernelsWithFaults, (test) => {
  test('a send() that waits counts, wants to drain, and has drained when it left', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const sent = sender.send(Buffer.alloc(LARGE), [fd]);
      expect([sender.writableLength, sender.writableNeedDrain]).toEqual([LARGE, true]);
      const drained = once(sender, 'drain').then(() => sender.writableLength);
      const reading = readToEnd(receiver);
      await sent;
      expect(await drained).toBe(0);
      expect(sender.writableNeedDrain).toBe(false);
      sender.end();
      expect(await reading).toBe(LARGE);
    }));

  test('behind what waits each send() counts, and so does what is written', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const filled = fill(sender);
      const waiting = sender.writableLength;
      const sends = [sender.send('one'), sender.send('three', [fd])];
      sender.write('four!');
      sender.writeFds('six six', [fd]);
      expect(sender.writableLength).toBe(waiting + 20);
      sender.end();
      expect(await readToEnd(receiver)).toBe(filled + 20);
      await Promise.all(sends);
      expect(sender.writableLength).toBe(0);
    }));

  test('whoever stops where writableNeedDrain is true holds little more than highWaterMark', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const sends: Promise<void>[] = [];
      let length = 0;
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < 10_000 && !sender.writableNeedDrain; count++) {
          const bytes = Buffer.alloc(1 + (count % 5) * 700);
          sends.push(count % 3 === 0 ? sender.send(bytes, [fd]) : sender.send(bytes));
          length += bytes.length;
        }
        expect(sender.writableNeedDrain).toBe(true);
        expect(sender.writableLength).toBeGreaterThanOrEqual(sender.writableHighWaterMark);
        expect(sender.writableLength).toBeLessThan(sender.writableHighWaterMark + 2_801);
        const drained = once(sender, 'drain');
        (await receiver.receive(length)).close();
        length = 0;
        await drained;
      }
      await Promise.all(sends);
    }));

  test('what the kernel takes within the turn counts no longer afterwards', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const sends = ['a', 'b', 'c'].map((text) => sender.send(text));
      expect(sender.writableLength).toBeLessThanOrEqual(2);
      await Promise.all([...sends, sender.send('d', [fd])]);
      await nextTurn();
      expect([sender.writableLength, sender.writableNeedDrain]).toEqual([0, false]);
      sender.end();
      expect(await readToEnd(receiver)).toBe(4);
    }));

  test('a frame that was taken back counts no longer than until its turn', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const filled = fill(sender);
      const controller = new AbortController();
      const sent = sender.send(Buffer.alloc(LARGE), [fd], { signal: controller.signal });
      controller.abort();
      await expect(sent).rejects.toMatchObject({ code: 'ABORT_ERR' });
      const drained = once(sender, 'drain').then(() => sender.writableLength);
      (await receiver.receive(filled)).close();
      expect(await drained).toBe(0);
    }));

  test('stats count what the kernel accepted, also of a frame that is not sent yet, or fails', (kernel) =>
    sendLarge(kernel, async (sender, receiver, fd) => {
      const sent = sender.send(Buffer.alloc(LARGE), [fd, fd]);
      sent.catch(() => undefined);
      sender.on('error', () => undefined);
      using frame = await receiver.receive(100_000);
      expect(frame.fds).toHaveLength(2);
      expect(sender.stats.bytesWritten).toBeGreaterThanOrEqual(100_000);
      expect(sender.stats.bytesWritten).toBeLessThan(LARGE);
      expect(sender.stats).toMatchObject({ fdsSent: 2, framesSent: 0 });
      sender.destroy();
      await expect(sent).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
      expect(sender.stats.bytesWritten).toBeGreaterThanOrEqual(100_000);
      expect(sender.stats).toMatchObject({ fdsSent: 2, framesSent: 0 });
    }));

  test('stats count the descriptors of each sendmsg of many', (kernel) =>
    sendLarge(kernel, async (_sender, _receiver, fd) => {
      using sockets = openSockets(kernel, { maxFdsPerFrame: 600 });
      const sent = sockets.sender.send('abc', Array<number>(600).fill(fd));
      (await sockets.receiver.receive(3)).close();
      await sent;
      expect(sockets.sender.stats).toMatchObject({ bytesWritten: 3, fdsSent: 600, framesSent: 1 });
    }));
});
