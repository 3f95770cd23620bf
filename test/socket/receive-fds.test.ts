import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  adopt,
  connect,
  createConnection,
  fds,
  type FdSocket,
  listen,
  type OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { built } from '../support/built';
import { runDirectory } from '../support/children';
import { kernelRefusesFds } from '../support/pass-rights';
import { until } from '../hostile/until';
import { codeOf, destroyed, nextOf } from './sockets';

let where: string;
let count = 0;
let memory: OwnedFd;
beforeEach(() => {
  where = path.join(runDirectory(), `receive-fds-${process.pid}-${count++}.sock`);
  memory = fds.memfd('memory', Buffer.from('data'));
});
afterEach(() => {
  memory.close();
  fs.rmSync(where, { force: true });
});

const refuses = kernelRefusesFds();

/** Sends a descriptor, and then plain bytes, to a socket that takes no descriptors. */
async function expectRefused(sender: FdSocket, receiver: FdSocket): Promise<void> {
  const outcome = await codeOf(() => sender.send('x', [memory])).catch(() => 'sent');
  expect(outcome).toBe(refuses ? 'EPERM' : 'sent');
  if (refuses) await expect(sender.send('x', [memory])).rejects.toThrow('EPERM: the peer takes no descriptors');
  await sender.send('plain');
  const text = refuses ? 'plain' : 'xplain';
  const frame = await receiver.receive(text.length);
  expect([frame.bytes.toString(), frame.fds]).toEqual([text, []]);
  expect(receiver.stats.fdsReceived).toBe(refuses ? 0 : 1);
  expect(receiver.stats.fdsClosed).toBe(receiver.stats.fdsReceived);
}

it('listen(): also before the connection is accepted', async () => {
  await using server = await listen(where, { receiveFds: false });
  const client = await connect(where);
  const early = await codeOf(() => client.send('x', [memory])).catch(() => 'sent');
  expect(early).toBe(refuses ? 'EPERM' : 'sent');
  await client.send('early');
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  const text = refuses ? 'early' : 'xearly';
  expect((await accepted.receive(text.length)).bytes.toString()).toBe(text);
  if (refuses) await expectRefused(client, accepted);
  expect(accepted.stats.fdsClosed).toBe(accepted.stats.fdsReceived);
  await destroyed(client, accepted);
});

it('connect(): also before it is done with', async () => {
  await using server = await listen(where);
  const outcomes: string[] = [];
  const accepted: FdSocket[] = [];
  server.on('connection', (socket) => {
    accepted.push(socket);
    void codeOf(() => socket.send('x', [memory]))
      .catch(() => 'sent')
      .then((outcome) => outcomes.push(outcome));
  });
  // The server sends while the client still looks who that is.
  const looking = async (): Promise<boolean> => {
    await until(() => outcomes.length === 1);
    return true;
  };
  const client = await connect(where, { receiveFds: false, expect: looking });
  expect(outcomes).toEqual([refuses ? 'EPERM' : 'sent']);
  await accepted[0]?.send('hello');
  const text = refuses ? 'hello' : 'xhello';
  const frame = await client.receive(text.length);
  expect([frame.bytes.toString(), frame.fds]).toEqual([text, []]);
  expect(client.stats.fdsReceived).toBe(refuses ? 0 : 1);
  await destroyed(client, ...accepted);
});

it('createConnection(), adopt() and socketpair()', async () => {
  await using server = await listen(where);
  const connecting = createConnection(where, { receiveFds: false });
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  await expectRefused(accepted, connecting);
  const [left, right] = socketpair({ receiveFds: false });
  await expectRefused(left, right);
  await expectRefused(right, left);
  const [near, far] = socketpair({ child: true });
  const adopted = adopt(far, { receiveFds: false });
  await expectRefused(near, adopted);
  await destroyed(connecting, accepted, left, right, near, adopted);
});

it('an inherited listening socket: what came before it was accepted is closed and counted', async () => {
  const first = await listen(where);
  const copy = fds.dup(first);
  const client = await connect(where);
  await client.send('early', [memory, memory]);
  await first.close();
  await using server = await listen({ fd: copy.take() }, { receiveFds: false });
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  const frame = await accepted.receive(5);
  expect([frame.bytes.toString(), frame.fds, accepted.stats.fdsClosed]).toEqual(['early', [], 2]);
  // Others may have the listening socket, and take descriptors.
  const other = await connect(where);
  await other.send('x', [memory]);
  const next = await nextOf(server[Symbol.asyncIterator]());
  await destroyed(client, accepted, other, next);
});

it('by default descriptors come', async () => {
  const [left, right] = socketpair({ receiveFds: undefined });
  await left.send('x', [memory]);
  using frame = await right.receive(1);
  expect(frame.fds).toHaveLength(1);
  await destroyed(left, right);
});

it('what is no boolean is refused', async () => {
  const wrong = { receiveFds: 'no' } as never;
  for (const open of [() => connect(where, wrong), () => listen(where, wrong), () => socketpair(wrong)])
    expect(await codeOf(open)).toBe('ERR_INVALID_ARG_TYPE');
});

it('a worker that is terminated while descriptors are being refused leaves none open', async () => {
  const [ours, theirs] = socketpair({ child: true });
  for (let each = 0; each < 50; each++) raw.sendMessage(ours, Buffer.from('x'), [memory, memory]);
  const source = `
    const { adopt } = require(${JSON.stringify(built())});
    const { parentPort, workerData } = require('node:worker_threads');
    const socket = adopt(workerData, { receiveFds: false });
    socket.on('data', () => parentPort.postMessage(socket.stats.fdsReceived));
  `;
  const worker = new Worker(source, { eval: true, workerData: theirs.take() });
  const seen = await new Promise<number>((resolve) => worker.once('message', resolve));
  expect(seen).toBeGreaterThan(0);
  await worker.terminate();
  await destroyed(ours);
});
