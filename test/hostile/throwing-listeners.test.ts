import { inChild } from './child';

// What a listener throws is its own affair: the program is told, and the socket goes on as if it had returned.

it(`a listener of 'discarded' that throws does not keep destroy() from closing everything`, async () => {
  const { result, uncaught } = await inChild<Record<string, unknown>>(`
    const before = require('node:fs').readdirSync('/proc/self/fd').length;
    const [socket, peer] = ancillary.socketpair();
    let next;
    socket.frames(lengthPrefixed()).next().then(() => (next = 'settled'), (error) => (next = error.message));
    const memfd = ancillary.fds.memfd('held');
    const { bytes } = lengthPrefixed().encode({ bytes: Buffer.from('hello'), fds: [memfd] });
    await peer.send(bytes.subarray(0, 8), [memfd]);
    await until(() => socket.stats.fdsReceived === 1);
    socket.on('discarded', () => { throw new Error('mine'); });
    try { socket.destroy(); } catch (error) { uncaught.push(error.message); }
    await until(() => socket.closed && next !== undefined);
    const told = await peer.send('x').catch((error) => error.code);
    memfd.close();
    peer.destroy();
    await until(() => peer.closed);
    const left = () => require('node:fs').readdirSync('/proc/self/fd').length - before;
    // A thread closes what was received.
    await until(() => left() === 0);
    return { next, fd: socket.fd, told, left: left() };`);
  expect(result).toMatchObject({ fd: -1, told: 'EPIPE', left: 0 });
  expect([...uncaught, result['next']]).toContain('mine');
});

it.each([
  ['fds', 'descriptors are lost', ''],
  ['data', 'bytes are lost', ''],
  ['data', 'reading stops', '{ highWaterMark: 4 }'],
  ['discarded', 'bytes are lost', ''],
])('a listener of %p that throws once is told, and no %s %s', async (event, _rule, options) => {
  const { result, uncaught } = await inChild(`
    const [socket, peer] = ancillary.socketpair(${options});
    const event = ${JSON.stringify(event)};
    let text = '', frames = 0, calls = 0;
    const called = (which) => { if (which === event && calls++ === 0) throw new Error('mine'); };
    if (event !== 'discarded') socket.on('fds', (frame) => { frames++; frame.close(); called('fds'); });
    socket.on('discarded', () => called('discarded'));
    socket.on('data', (bytes) => { text += bytes; called('data'); });
    for (const part of ['1111', '2222', '3333']) await peer.send(part, [0]);
    await until(() => text.length === 12);
    peer.end();
    await until(() => socket.readableEnded);
    return { text, frames };`);
  expect(result).toEqual({ text: '111122223333', frames: event === 'discarded' ? 0 : 3 });
  expect(uncaught).toEqual(['mine']);
});

it(`a listener of 'data' that throws within resume() loses nothing of what is held back behind its bytes`, async () => {
  const { result, uncaught } = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    const told = [];
    socket.on('data', (bytes) => { told.push(String(bytes)); if (told.length === 1) throw new Error('mine'); });
    socket.on('fds', (frame) => { told.push('fds'); frame.close(); });
    socket.pause();
    await peer.send('x');
    await until(() => socket.stats.bytesRead === 1);
    await peer.send('y', [0]);
    await until(() => socket.stats.bytesRead === 2);
    peer.end();
    socket.resume();
    await until(() => socket.readableEnded);
    return told;`);
  expect(result).toEqual(['x', 'fds', 'y']);
  expect(uncaught).toEqual(['mine']);
});
