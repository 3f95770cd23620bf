import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type FdSocket, socketpair } from '../../packages/ancillary';
import type { FrameCodec } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { destroyed, fill } from './sockets';

let sockets: FdSocket[];
let warnings: Error[];
const warn = (warning: Error): number => warnings.push(warning);

beforeEach(() => {
  sockets = [];
  warnings = [];
  process.on('warning', warn);
});
afterEach(async () => {
  process.off('warning', warn);
  await destroyed(...sockets);
});

function full(): FdSocket {
  const [left, right] = socketpair();
  sockets.push(left, right);
  fill(left);
  return left;
}

it('any number of sends, on any number of sockets, share one listener for one signal, and leave none', async () => {
  const { signal } = new AbortController();
  const senders = Array.from({ length: 15 }, full);
  const sends = senders.flatMap((socket) => Array.from({ length: 20 }, () => socket.send('x', [], { signal })));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const socket of sockets) socket.resume();
  await Promise.all(sends);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});

it('takes back all that waits when it aborts, and listens anew for what is sent with another', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const sends = [full(), full()].flatMap((socket) => [1, 2].map(() => socket.send('x', [], { signal })));
  const settled = Promise.allSettled(sends);
  controller.abort();
  for (const each of await settled) expect(each).toMatchObject({ reason: { code: 'ABORT_ERR' } });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('what it takes back lets go of its bytes at once, though its place waits for the peer', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const socket = full();
  const length = socket.writableLength;
  const sendAndAbort = async (): Promise<WeakRef<ArrayBuffer>[]> => {
    const memory = [new ArrayBuffer(10_000), new ArrayBuffer(10_000)];
    const [whole, piece] = memory.map((each) => new Uint8Array(each)) as [Uint8Array, Uint8Array];
    const pieces: FrameCodec<never> = {
      measure: () => ({ need: 1 }),
      decode: () => undefined as never,
      encode: () => ({ bytes: [Buffer.from('first'), piece] }),
    };
    const controller = new AbortController();
    const { signal } = controller;
    const sends = [socket.send(whole, [], { signal }), framed(socket, pieces).send(undefined as never, { signal })];
    controller.abort();
    for (const each of await Promise.allSettled(sends)) expect(each).toMatchObject({ reason: { code: 'ABORT_ERR' } });
    return memory.map((each) => new WeakRef(each));
  };
  const references = await sendAndAbort();
  await new Promise(setImmediate);
  collectGarbage();
  expect(references.map((each) => each.deref())).toEqual([undefined, undefined]);
  expect(socket.writableLength).toBeGreaterThan(length);
});

it('what is destroyed, and what left at once, listens no longer', async () => {
  const { signal } = new AbortController();
  const [left, right] = socketpair();
  sockets.push(left, right);
  await left.send('at once', [], { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const socket = full();
  const sent = socket.send('x', [], { signal });
  socket.destroy();
  await expect(sent).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
