import { inChild } from './child';

it('a peer that sends an unfinished frame byte by byte makes its bytes cost no more than a few times their size', async () => {
  const { result } = await inChild<{ held: number; arrayBuffers: number }>(
    `
    const [socket, peer] = ancillary.socketpair();
    const [busy, busyPeer] = ancillary.socketpair();
    busy.resume();
    const header = Buffer.alloc(6);
    header.writeUInt32BE(1_000_000, 0);
    await peer.send(header);
    socket.frames(lengthPrefixed()).next();
    await until(() => socket.stats.bytesRead === 6);
    const filler = Buffer.alloc(52 * 1024);
    gc();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 1; count <= 4000; count++) {
      await peer.send('x');
      await until(() => socket.stats.bytesRead === 6 + count);
      await busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === count * filler.length);
    }
    gc();
    await turns(5);
    gc();
    return { held: socket.stats.bytesRead, arrayBuffers: process.memoryUsage().arrayBuffers - before };`,
    { flags: ['--expose-gc'] },
  );
  expect(result.held).toBe(4006);
  expect(result.arrayBuffers).toBeLessThan(4 * 1024 * 1024);
});

it('a peer that sends byte by byte to a paused socket makes them cost no slab for each', async () => {
  const { result } = await inChild<{ held: number; arrayBuffers: number }>(
    `
    const [socket, peer] = ancillary.socketpair();
    const [busy, busyPeer] = ancillary.socketpair();
    busy.resume();
    socket.on('data', () => undefined);
    socket.pause();
    const filler = Buffer.alloc(200_000);
    gc();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 1; count <= 300; count++) {
      await peer.send('x');
      await until(() => socket.stats.bytesRead === count);
      const sent = busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === count * filler.length);
      await sent;
    }
    gc();
    await turns(5);
    gc();
    return { held: socket.readableLength, arrayBuffers: process.memoryUsage().arrayBuffers - before };`,
    { flags: ['--expose-gc'] },
  );
  expect(result.held).toBe(300);
  expect(result.arrayBuffers).toBeLessThan(2 * 1024 * 1024);
});

it('small frames that are kept cost small slabs, however much another socket reads', async () => {
  const { result } = await inChild<{ kept: number; arrayBuffers: number }>(
    `
    const [socket, peer] = ancillary.socketpair();
    const [busy, busyPeer] = ancillary.socketpair();
    busy.resume();
    const filler = Buffer.alloc(200_000);
    const kept = [];
    const frames = socket.frames();
    gc();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 1; count <= 300; count++) {
      await peer.send('seven b');
      kept.push((await frames.next()).value);
      const sent = busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === count * filler.length);
      await sent;
    }
    gc();
    await turns(5);
    gc();
    return { kept: kept.length, arrayBuffers: process.memoryUsage().arrayBuffers - before };`,
    { flags: ['--expose-gc'] },
  );
  expect(result.kept).toBe(300);
  expect(result.arrayBuffers).toBeLessThan(300 * 100 * 1024);
});
