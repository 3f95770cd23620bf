import { inChild } from './child';

const PRELUDE = `
  const MIB = 1024 * 1024;
  const codec = lengthPrefixed({ maxLength: 2 ** 32 });
  const header = (length) => { const bytes = Buffer.alloc(6); bytes.writeUInt32BE(length); return bytes; };`;

it.each([
  ['while the socket is open', ''],
  ['when it is destroyed and still referenced', 'receiver.destroy(); sender.destroy();'],
])('a large frame that was dropped keeps no memory %s', async (_, then) => {
  const { result } = await inChild<number>(
    `${PRELUDE}
    const open = [];
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 10; count++) {
      const [sender, receiver] = ancillary.socketpair();
      open.push(sender, receiver);
      const frames = receiver.frames(codec);
      const next = async () => (await frames.next()).value.bytes.length;
      const sending = sender.send(Buffer.concat([header(8 * MIB), Buffer.alloc(8 * MIB)]));
      if ((await next()) !== 8 * MIB + 6) throw new Error('another frame');
      await sending;
      ${then}
    }
    gc();
    await turns(5);
    gc();
    const kept = process.memoryUsage().arrayBuffers - before;
    for (const socket of open) socket.destroy();
    return kept;`,
    { flags: ['--expose-gc'] },
  );
  expect(result).toBeLessThan(8 * 1024 * 1024);
});

it('a frame for which there is no memory rejects, and nothing is thrown where nobody catches', async () => {
  const told = await inChild(
    `${PRELUDE}
    const { allocUnsafe, allocUnsafeSlow } = Buffer;
    const limited = (allocate) => (size) => {
      if (size > 3 * MIB) throw new RangeError('Array buffer allocation failed');
      return allocate(size);
    };
    Buffer.allocUnsafe = limited(allocUnsafe);
    Buffer.allocUnsafeSlow = limited(allocUnsafeSlow);
    const [sender, receiver] = ancillary.socketpair();
    const pending = receiver.frames(codec).next().then(() => 'a frame', (error) => error.message);
    sender.on('error', () => undefined);
    const chunk = Buffer.alloc(MIB);
    sender.write(header(8 * MIB));
    for (let count = 0; count < 8; count++) sender.write(chunk);
    const outcome = await pending;
    sender.destroy();
    return [outcome, receiver.destroyed];`,
  );
  expect(told).toEqual({ result: ['Array buffer allocation failed', true], uncaught: [] });
});

it.each(['data', 'frames'])('memory of a frame that was left cannot be transferred away (%s)', async (mode) => {
  const told = await inChild(
    `${PRELUDE}
    const [sender, receiver] = ancillary.socketpair();
    const first = receiver.frames(codec);
    const pending = first.next();
    await sender.send(Buffer.concat([header(2 * MIB), Buffer.alloc(200_000, 1)]));
    await until(() => receiver.stats.bytesRead === 200_006);
    await first.return();
    await pending;
    const take = (bytes) => { try { structuredClone(bytes.buffer, { transfer: [bytes.buffer] }); } catch {} };
    let length = 0;
    // Wants more than one chunk to be joined before it answers, then cuts pieces of 100,000.
    const pieces = { reads: 'greedy', measure: (seen) => seen.length < 90_000 ? { need: 90_000 } : { length: 100_000, fds: 0 } };
    const ended = ${
      mode === 'data'
        ? `new Promise((resolve) => receiver.on('data', (bytes) => { length += bytes.length; take(bytes); }).on('end', resolve))`
        : `receiver.forEachFrame((frame) => { length += frame.bytes.length; take(frame.bytes); }, pieces)`
    };
    for (let count = 0; count < 19; count++) await sender.send(Buffer.alloc(100_000, 2));
    await sender.send(Buffer.alloc(99_994, 3));
    sender.end();
    await ended;
    receiver.destroy();
    return length;`,
  );
  expect(told).toEqual({ result: 2_200_000, uncaught: [] });
});
