import { inChild } from './child';

// A peer that has closed the socket altogether. Who writes to it is told so (EPIPE), as by net, at whatever moment: never
// that they wrote after an end() which they did not call.

/** Runs a server's code against a client that sends, and hangs up at once. */
async function codes(server: string): Promise<unknown> {
  const { result, uncaught } = await inChild(`
    const errors = [];
    const [socket, peer] = ancillary.socketpair();
    socket.on('error', (error) => errors.push([error.code, error.syscall]));
    await peer.send('question');
    peer.destroy();
    await until(() => peer.closed);
    const told = await (async () => {${server}})();
    await until(() => socket.closed);
    await turns(5);
    return { errors, told };`);
  expect(uncaught).toEqual([]);
  return result;
}

const EPIPE = ['EPIPE', 'sendmsg'];

it.each([
  ['end()', `socket.end('thanks');`],
  ['write()', `socket.write('thanks');`],
  ['writeFds()', `socket.writeFds('thanks', [0]);`],
  ['an un-awaited send()', `socket.send('thanks');`],
])(`%s in a listener of 'end' is EPIPE`, async (_name, call) => {
  expect(await codes(`socket.resume().on('end', () => {${call}});`)).toEqual({ errors: [EPIPE] });
});

it.each([
  ['end()', `socket.end('thanks', (error) => resolve(error?.code));`],
  ['write()', `socket.write('thanks', (error) => resolve(error?.code));`],
  ['write() with an encoding', `socket.write('thanks', 'utf8', (error) => resolve(error?.code));`],
  ['writeFds()', `socket.writeFds('thanks', [0], (error) => resolve(error?.code));`],
  ['send()', `socket.send('thanks').then(resolve, (error) => resolve(error?.code));`],
])(`%s after any number of microtasks and turns is EPIPE, and no more`, async (_name, call) => {
  for (const wait of [
    '',
    'await null;',
    'await null; await null;',
    'await tick();',
    'await tick(); await tick();',
    'await turn();',
  ]) {
    const result = await codes(`
      const tick = () => new Promise((resolve) => process.nextTick(resolve));
      return new Promise((resolve) => socket.resume().on('end', async () => { ${wait} ${call} }));`);
    // The callback of end() is told of the end, as by net: that it never came, since the socket was destroyed.
    const told = call.startsWith('socket.end') ? /^(EPIPE|ERR_STREAM_DESTROYED)$/ : /^EPIPE$/;
    expect(result).toMatchObject({ told: expect.stringMatching(told) as unknown });
    const { errors } = result as { errors: unknown[] };
    // Once the socket has closed by itself, as every socket does that is done, nothing is emitted.
    if (errors.length > 0) expect(errors).toEqual([EPIPE]);
  }
});

it('nobody who writes nothing is told of an error, and the socket finishes, ends and closes by itself', async () => {
  const result = await codes(`
    const events = [];
    for (const event of ['finish', 'end', 'close']) socket.on(event, () => events.push(event));
    socket.resume();
    await until(() => socket.closed);
    await turns(5);
    return events;`);
  expect(result).toEqual({ errors: [], told: ['end', 'finish', 'close'] });
});

it(`a loop over frames may end() after its end`, async () => {
  const result = await codes(`
    for await (const frame of socket.frames()) frame.close();
    socket.end();`);
  expect(result).toEqual({ errors: [] });
});

it('a peer that had ended, and hangs up while an answer is prepared, is EPIPE', async () => {
  const { result, uncaught } = await inChild(`
    const [socket, peer] = ancillary.socketpair();
    peer.end('question');
    const ended = new Promise((resolve) => socket.resume().once('end', resolve));
    await ended;
    peer.destroy();
    await until(() => peer.closed);
    let code;
    socket.on('error', (error) => (code = error.code));
    socket.end('answer');
    await until(() => socket.closed);
    await turns(5);
    return code;`);
  expect({ result, uncaught }).toEqual({ result: 'EPIPE', uncaught: [] });
});
