import { inChild } from './child';

it('sockets that wait, having received a little each, hold none of the memory it was read into', async () => {
  const { result } = await inChild<{ count: number; arrayBuffers: number }>(
    `
    const SOCKETS = 200;
    const [busy, busyPeer] = ancillary.socketpair();
    busy.resume();
    const filler = Buffer.alloc(52 * 1024);
    const { bytes } = lengthPrefixed().encode({ bytes: Buffer.alloc(58) });
    const open = [];
    let count = 0;
    // Not a loop: its variable would hold the last frame, and so the memory under it.
    const readFrames = (frames) =>
      frames.next().then(({ value, done }) => {
        if (done) return;
        value.close();
        count++;
        void readFrames(frames);
      });
    const before = await collectedMemory();
    for (let number = 1; number <= SOCKETS; number++) {
      const [socket, peer] = ancillary.socketpair();
      open.push(socket, peer);
      if (number % 2 === 0) socket.on('data', () => count++);
      else void readFrames(socket.frames(lengthPrefixed()));
      await peer.send(bytes);
      await until(() => count === number);
      // So that the next one's bytes lie in other memory.
      await busyPeer.send(filler);
      await until(() => busy.stats.bytesRead === number * filler.length);
    }
    const arrayBuffers = (await collectedMemory()) - before;
    for (const socket of open) socket.destroy();
    return { count, arrayBuffers };`,
    { flags: ['--expose-gc'] },
  );
  expect(result.count).toBe(200);
  expect(result.arrayBuffers).toBeLessThan(2 * 1024 * 1024);
});
