import { plainJavaScript } from '../support/plain-javascript';
import { inChild } from './child';

// A send() that nobody awaits does not end the program where its failure is told in another way: 'error' is listened to,
// or the program destroyed the socket itself. Whoever awaits it is told all the same.

const PRELUDE = `
  const rejected = [];
  process.on('unhandledRejection', (reason) => rejected.push(reason.code ?? reason.message));
  const errors = [];
  const listening = (socket) => socket.on('error', (error) => errors.push(error.code));`;

interface Outcome {
  readonly rejected: readonly string[];
  readonly errors: readonly string[];
  readonly awaited?: readonly string[];
}

async function outcome(body: string): Promise<Outcome> {
  const { result, uncaught } = await inChild<Outcome>(`${PRELUDE}${body}`);
  expect(uncaught).toEqual([]);
  return result;
}

it.each([
  ['the first', `socket.send('x');`],
  ['with a descriptor', `socket.send('x', [0]);`],
  ['several in a turn', `socket.send('x'); socket.send('y', [0]); socket.send('z');`],
  ['of a descriptor handed over', `ancillary.handoff.sendFd(socket, 0);`],
  ['of one that is to be acknowledged', `ancillary.handoff.sendFd(socket, 0, { acknowledge: true });`],
  ['of framed()', `framed(socket, lengthPrefixed()).send({ bytes: Buffer.from('x') });`],
])(`to a peer that is gone, %s: 'error' is all that is told`, async (_which, send) => {
  const { rejected, errors } = await outcome(`
    const { framed } = require(${JSON.stringify(`${plainJavaScript()}/../rpc`)});
    const [socket, peer] = ancillary.socketpair();
    listening(socket);
    peer.destroy();
    await until(() => peer.closed);
    ${send}
    await until(() => socket.closed);
    await turns(5);
    socket.send('later');
    await turns(5);
    return { rejected, errors };`);
  expect({ rejected, errors }).toEqual({ rejected: [], errors: ['EPIPE'] });
});

it('those that wait when the peer goes away, and one that is awaited rejects', async () => {
  const told = await outcome(`
    const [socket, peer] = ancillary.socketpair();
    listening(socket);
    socket.send(Buffer.alloc(4_000_000), [0]);
    socket.send('parked', [0]);
    socket.send('parked');
    const awaited = socket.send('awaited').then(() => 'sent', (error) => error.code);
    await turns(5);
    peer.destroy();
    await until(() => socket.closed);
    await turns(5);
    return { rejected, errors, awaited: [await awaited] };`);
  expect(told).toEqual({ rejected: [], errors: ['EPIPE'], awaited: ['EPIPE'] });
});

it(`those that wait when the socket is destroyed, with a reason that 'error' tells or without one`, async () => {
  for (const [reason, errors, code] of [
    ['', [], 'ERR_FD_CLOSED'],
    [`Object.assign(new Error(), { code: 'MINE' })`, ['MINE'], 'MINE'],
  ] as const) {
    const told = await outcome(`
      const [socket, peer] = ancillary.socketpair();
      ${reason === '' ? '' : 'listening(socket);'}
      socket.send(Buffer.alloc(4_000_000));
      const awaited = socket.send('x').then(() => 'sent', (error) => error.code);
      socket.destroy(${reason});
      socket.send('after');
      await turns(5);
      socket.send('long after');
      await turns(5);
      peer.destroy();
      return { rejected, errors, awaited: [await awaited] };`);
    expect(told).toEqual({ rejected: [], errors, awaited: [code] });
  }
});

it(`where nobody listens to 'error' the rejection is told, once for each`, async () => {
  const told = await outcome(`
    const [socket, peer] = ancillary.socketpair();
    socket.send(Buffer.alloc(4_000_000));
    socket.send('x');
    await turns(5);
    peer.destroy();
    await until(() => socket.closed);
    await turns(5);
    return { rejected, errors };`);
  expect(told).toEqual({ rejected: ['EPIPE', 'EPIPE'], errors: [] });
});

it(`a frame that fails alone is told to nobody else, so its rejection is`, async () => {
  const told = await outcome(`
    const [socket, peer] = ancillary.socketpair();
    listening(socket);
    socket.send('x', [999_999]);
    await turns(5);
    socket.destroy();
    peer.destroy();
    return { rejected, errors };`);
  expect(told).toEqual({ rejected: ['EBADF'], errors: [] });
});
