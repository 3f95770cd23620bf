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
