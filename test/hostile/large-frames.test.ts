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
    const before = await collectedMemory();
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
    const kept = (await collectedMemory()) - before;
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

it.each(['bytes', 'frames'])(
  'memory of a frame that was left cannot be transferred away (read as %s)',
  async (mode) => {
    const told = await inChild(
      `${PRELUDE}
    const [sender, receiver] = ancillary.socketpair();
    const came = (count) => until(() => receiver.stats.bytesRead === count || receiver.destroyed);
    const frame = Buffer.concat([header(600_000), Buffer.alloc(600_000)]);
    const first = receiver.frames(codec);
    const pending = first.next();
    await sender.send(frame.subarray(0, 10_000));
    await came(10_000);
    await sender.send(frame.subarray(10_000, 150_000));
    await came(150_000);
    await first.return();
    await pending;
    // Has chunks joined, and takes all of them: what follows still goes to memory that was set apart.
    const measure = ({ length }) => (length < 15_000 ? { need: 15_000 } : { length: 150_000, fds: 'attached' });
    const joining = receiver.frames({ reads: 'bounded', measure });
    await joining.next();
    await joining.return();

    let length = 0;
    const take = ({ buffer, length: here }) => {
      length += here;
      try { structuredClone(buffer, { transfer: [buffer] }); } catch {}
    };
    const ended = ${
      mode === 'bytes'
        ? `new Promise((resolve) => receiver.on('data', take).on('end', resolve))`
        : `receiver.forEachFrame(({ bytes }) => take(bytes))`
    };
    for (let at = 150_000; at < frame.length; at += 50_000) {
      await sender.send(frame.subarray(at, at + 50_000));
      await came(Math.min(frame.length, at + 50_000));
    }
    sender.end();
    await ended;
    receiver.destroy();
    return length;`,
    );
    expect(told).toEqual({ result: 450_006, uncaught: [] });
  },
);
