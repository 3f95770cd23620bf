import { fds, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { lengthPrefixed } from '../../packages/codec';
import { until } from '../hostile/until';
import { codeOf, destroyed, nextOf } from '../socket/sockets';
import { waitingAt, withBarePeer } from '../support/bare-peer';

let pipe: OwnedFd;
let other: OwnedFd;
beforeEach(() => {
  [pipe, other] = fds.pipe();
});
afterEach(() => OwnedFd.closeAll([pipe, other]));

test('sending waits while so many are in flight, keeps its order, and goes on once the peer has received all', async () => {
  using pair = withBarePeer({ maxInFlightFds: 4 });
  const sent = Array.from({ length: 10 }, (_, index) => pair.socket.send(`${index}`, [pipe]));
  const plain = pair.socket.send('plain');
  expect(pair.socket.stats.fdsSent).toBe(4);
  expect(waitingAt(pair.peer)).toEqual({ text: '0123', fds: 4 });
  await until(() => pair.socket.stats.fdsSent === 8);
  expect(waitingAt(pair.peer)).toEqual({ text: '4567', fds: 4 });
  await Promise.all([...sent, plain]);
  expect(waitingAt(pair.peer)).toEqual({ text: '89plain', fds: 2 });
});

test('what was received in part is still in flight', async () => {
  using pair = withBarePeer({ maxInFlightFds: 2 });
  void pair.socket.send('first', [pipe, other]);
  const second = pair.socket.send('second', [pipe]);
  for (const fd of raw.receiveMessage(pair.peer, Buffer.alloc(4)).fds) fd.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(pair.socket.stats.fdsSent).toBe(2);
  expect(waitingAt(pair.peer)).toEqual({ text: 't', fds: 0 });
  await second;
  expect(waitingAt(pair.peer)).toEqual({ text: 'second', fds: 1 });
});

test('a frame with more goes when nothing else is in flight', async () => {
  using pair = withBarePeer({ maxInFlightFds: 2 });
  const many = Array.from({ length: 300 }, () => pipe.fd);
  const first = pair.socket.send('a', [pipe]);
  const second = pair.socket.send('bb', many);
  await first;
  expect(pair.socket.stats.fdsSent).toBe(1);
  let received = 0;
  await until(() => {
    received += waitingAt(pair.peer).fds;
    return received === 301;
  });
  await second;
});

test('bytes alone never wait for that', async () => {
  using pair = withBarePeer({ maxInFlightFds: 1 });
  await pair.socket.send('a', [pipe]);
  await pair.socket.send('b');
  pair.socket.write('c');
  expect(waitingAt(pair.peer)).toEqual({ text: 'abc', fds: 1 });
});

test('an abort and destroy() end the wait', async () => {
  const [socket, peer] = socketpair({ maxInFlightFds: 1 });
  await socket.send('a', [pipe]);
  const controller = new AbortController();
  const aborted = socket.send('b', [pipe], { signal: controller.signal });
  const failed = socket.send('c', [pipe]);
  controller.abort();
  expect(await codeOf(() => aborted)).toBe('ABORT_ERR');
  socket.destroy();
  expect(await codeOf(() => failed)).toBe('ERR_FD_CLOSED');
  await destroyed(socket, peer);
});

test('sendTimeout counts while it waits', async () => {
  const [socket, peer] = socketpair({ maxInFlightFds: 1, sendTimeout: 20 });
  socket.on('error', () => undefined);
  await socket.send('a', [pipe]);
  expect(await codeOf(() => socket.send('b', [pipe]))).toBe('ERR_SEND_TIMEOUT');
  await destroyed(socket, peer);
});

test.each([1, 2, 7])(
  'on the model, with the seed %i, all arrive in order however few may be in flight',
  async (seed) => {
    const [sender, receiver] = modelSocketPair({ seed, socket: { maxInFlightFds: 3 } });
    const codec = lengthPrefixed();
    const sending = (async () => {
      for (let index = 0; index < 50; index++) {
        const { bytes, fds: given } = codec.encode({
          bytes: Buffer.from(`${index}`),
          fds: index % 3 === 0 ? [pipe] : [],
        });
        await sender.send(bytes, given);
      }
    })();
    const frames = receiver.frames(codec);
    for (let index = 0; index < 50; index++) {
      const frame = await nextOf(frames);
      const message = codec.decode(frame);
      expect([message.bytes.toString(), message.fds.length]).toEqual([`${index}`, index % 3 === 0 ? 1 : 0]);
      OwnedFd.closeAll(message.fds);
    }
    await sending;
    await destroyed(sender, receiver);
  },
);

test.each([0, -1, 1.5, '4'])('maxInFlightFds: %j is refused', async (maxInFlightFds) => {
  const code = typeof maxInFlightFds === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE';
  expect(await codeOf(() => socketpair({ maxInFlightFds: maxInFlightFds as number }))).toBe(code);
});
