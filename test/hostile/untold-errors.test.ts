import { inChild } from './child';

// Without a listener for 'error' Node throws it where nobody catches; that is how a program learns of it.

it(`write() without a callback to a peer that is gone emits 'error'`, async () => {
  const told = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    peer.destroy();
    await until(() => peer.closed);
    socket.write('nobody hears of this');
    await until(() => socket.closed);
    await turns(5);
    return socket.errored.code;`);
  expect(told).toEqual({ result: 'EPIPE', uncaught: ['EPIPE'] });
});

it(`a connection reset while a write() is pending emits 'error'`, async () => {
  const { result, uncaught } = await inChild<string>(`
    const [socket, peer] = ancillary.socketpair();
    socket.resume();
    socket.write(Buffer.alloc(4_000_000));
    await turns(5);
    peer.destroy();
    await until(() => socket.closed);
    await turns(5);
    return socket.errored.code;`);
  // Either the read or the write is the first to fail.
  expect(['ECONNRESET', 'EPIPE']).toContain(result);
  expect(uncaught).toEqual([result]);
});

it(`an error that a send() behind written chunks was told by its rejection emits nothing`, async () => {
  const told = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    while (socket.write(Buffer.alloc(16384)));
    const sent = socket.send('x').catch((error) => error.message);
    socket.destroy(new Error('why'));
    const message = await sent;
    await turns(5);
    peer.destroy();
    return message;`);
  expect(told).toEqual({ result: 'why', uncaught: [] });
});

it(`an error that a send() was told by its rejection emits nothing`, async () => {
  const told = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    peer.destroy();
    await until(() => peer.closed);
    const code = await socket.send('x').catch((error) => error.code);
    await until(() => socket.closed);
    await turns(5);
    return code;`);
  expect(told).toEqual({ result: 'EPIPE', uncaught: [] });
});
