import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  createConnection,
  fds,
  type FdSocket,
  type FdSocketOptions,
  listen,
  socketpair,
} from '../../../packages/ancillary';
import { lengthPrefixed, type LengthPrefixedMessage, type LengthPrefixedPayload } from '../../../packages/codec';
import { type Framed, framed } from '../../../packages/rpc';
import { destroyed, fill, nextOf } from '../../socket/sockets';
import { runDirectory } from '../../support/children';
import { openDescriptors } from '../../support/descriptors';
import { clockedPair, SteppedClock } from './stepped-clock';

type Connection = Framed<LengthPrefixedMessage, LengthPrefixedPayload>;

const OVER = 9;
const BYTES = Buffer.from('x');

let clock: SteppedClock;
let left: FdSocket;
let right: FdSocket;
let sender: Connection;

afterEach(() => destroyed(left, right));

function connected(socket: FdSocket): Connection {
  return framed(socket, lengthPrefixed({ acknowledge: { window: 2 } }));
}

function pair(options: FdSocketOptions = { sendTimeout: 80 }): void {
  clock = new SteppedClock();
  [left, right] = clockedPair(clock, options);
  left.on('error', () => undefined);
  sender = connected(left);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

it('ends the wait for a peer that is stuck, and says what is known of each message', async () => {
  pair();
  connected(right);
  const file = fds.memfd('file');
  const before = openDescriptors().size;
  const sends = [1, 2, 3].map(() => sender.send({ bytes: BYTES, fds: [file] }));
  await settle();
  expect(clock.running).toEqual([10]);
  clock.tick(OVER - 1);
  await settle();
  expect(left.destroyed).toBe(false);
  clock.tick();
  const cause = {
    code: 'ERR_SEND_TIMEOUT',
    message: expect.stringMatching(/^no message was acknowledged for 80 ms \(sendTimeout\): 3 messages wait/) as string,
  };
  expect(await Promise.allSettled(sends)).toMatchObject([
    { reason: { code: 'ERR_FD_UNACKNOWLEDGED', cause } },
    { reason: { code: 'ERR_FD_UNACKNOWLEDGED', cause } },
    { reason: { code: 'ERR_SEND_TIMEOUT', message: expect.stringContaining('was not sent') as string } },
  ]);
  expect(left.errored).toMatchObject(cause);
  expect(clock.running).toEqual([]);
  await destroyed(left, right);
  expect(openDescriptors().size).toBe(before - 2);
  file.close();
});

it('begins anew with each acknowledgement', async () => {
  pair();
  const messages = connected(right)[Symbol.asyncIterator]();
  const sends = Array.from({ length: 5 }, () => sender.send({ bytes: BYTES, fds: [0, 0] }));
  for (const sent of sends) {
    await settle();
    clock.tick(OVER - 1);
    const { value } = (await messages.next()) as { value: LengthPrefixedMessage };
    for (const fd of value.fds) fd.close();
    await sent;
  }
  await settle();
  clock.tick(OVER);
  expect(clock.running).toEqual([]);
  expect(left.destroyed).toBe(false);
});

it('holds for a peer that never says that it acknowledges', async () => {
  pair();
  const sent = sender.send({ bytes: BYTES, fds: [0] });
  await settle();
  clock.tick(OVER);
  await expect(sent).rejects.toMatchObject({
    code: 'ERR_SEND_TIMEOUT',
    message: expect.stringMatching(/was not sent: set acknowledge at both ends/) as string,
  });
});

it('holds for one that accepted a connection and then is stuck', async () => {
  const where = path.join(runDirectory(), `unacknowledged-${process.pid}`);
  await using server = await listen(where);
  const accepted = nextOf(server[Symbol.asyncIterator]());
  left = createConnection(where, { sendTimeout: 10 });
  left.on('error', () => undefined);
  const sent = connected(left).send({ bytes: BYTES, fds: [0] });
  sent.catch(() => undefined);
  right = await accepted;
  await expect(sent).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
});

it('is none without the option, and none where nothing waits', async () => {
  pair({});
  const sent = sender.send({ bytes: BYTES });
  await settle();
  expect(clock.running).toEqual([]);
  sent.catch(() => undefined);
  await destroyed(left, right);
  pair();
  connected(right);
  await settle();
  expect(clock.running).toEqual([]);
});

it('leaves it to the other deadline while nothing can be sent', async () => {
  pair();
  connected(right);
  await settle();
  fill(left);
  const sent = sender.send({ bytes: BYTES });
  await settle();
  clock.tick(OVER + 1);
  await expect(sent).rejects.toMatchObject({
    code: 'ERR_SEND_TIMEOUT',
    message: expect.stringContaining('the peer does not read') as string,
  });
});

it('is of real time with sockets of the system', async () => {
  [left, right] = socketpair({ sendTimeout: 10 });
  left.on('error', () => undefined);
  connected(right);
  await expect(connected(left).send({ bytes: BYTES, fds: [0] })).rejects.toMatchObject({
    code: 'ERR_FD_UNACKNOWLEDGED',
    cause: { code: 'ERR_SEND_TIMEOUT' },
  });
});
