import { inChild } from './child';

// In children, since what goes wrong here is a loop that never ends.

it('a queued buffer whose memory was transferred away fails its own send; those before and behind it are sent', async () => {
  const { result, uncaught } = await inChild<Record<string, unknown>>(`
    const [socket, peer] = ancillary.socketpair();
    const first = socket.send(Buffer.alloc(4_000_000)).then(() => 'sent', () => 'failed');
    const bytes = new Uint8Array(100);
    const second = socket.send(bytes).then(() => 'sent', ({ code }) => code);
    const third = socket.send(Buffer.alloc(10)).then(() => 'sent', () => 'failed');
    structuredClone(bytes, { transfer: [bytes.buffer] });
    let received = 0;
    peer.on('data', ({ length }) => (received += length));
    const results = [await first, await second, await third];
    await until(() => received === 4_000_010);
    return { results, destroyed: socket.destroyed };`);
  expect(result).toEqual({ results: ['sent', 'ERR_INVALID_STATE', 'sent'], destroyed: false });
  expect(uncaught).toEqual([]);
});

it('a buffer that is transferred away while its frame is partly sent fails the same way', async () => {
  const { result } = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    const bytes = new Uint8Array(4_000_000);
    const sent = socket.send(bytes).then(() => 'sent', () => 'failed');
    structuredClone(bytes, { transfer: [bytes.buffer] });
    peer.resume();
    const told = await sent;
    await until(() => socket.closed);
    return told;`);
  expect(result).toBe('failed');
});

it('a source whose close() throws is still sent, and what follows it settles', async () => {
  const { result } = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    peer.resume();
    const memfd = ancillary.fds.memfd('sent');
    const source = { fd: memfd.fd, close() { throw new Error('mine'); } };
    await socket.send('a', [source], { transfer: true });
    await socket.send('b');
    await new Promise((resolve) => socket.end(resolve));
    await until(() => peer.readableEnded);
    return peer.stats.bytesRead;`);
  expect(result).toBe(2);
});

it('a source whose close() throws while its frame waits does not keep those behind it', async () => {
  const { result } = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    const memfd = ancillary.fds.memfd('sent');
    const source = { fd: memfd.fd, close() { throw new Error('mine'); } };
    const sends = [socket.send(Buffer.alloc(4_000_000)), socket.send('a', [source], { transfer: true }), socket.send('b')];
    peer.resume();
    await Promise.all(sends);
    await new Promise((resolve) => socket.end(resolve));
    await until(() => peer.readableEnded);
    return peer.stats.bytesRead;`);
  expect(result).toBe(4_000_002);
});
