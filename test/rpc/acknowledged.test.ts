import { type AncillaryError, fds, type FdSocket, type OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { lengthPrefixed, type LengthPrefixedMessage, type LengthPrefixedPayload } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';
import { until } from '../hostile/until';
import { thrown } from '../native/thrown';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { identity } from '../support/descriptors';

// lengthPrefixed({ acknowledge }) by framed(), over real sockets.

type Connection = Framed<LengthPrefixedMessage, LengthPrefixedPayload>;

let sockets: FdSocket[];

function pair(acknowledge: true | { window: number } = true): [Connection, Connection] {
  sockets = socketpair();
  return sockets.map((socket) => framed(socket, lengthPrefixed({ acknowledge }))) as [Connection, Connection];
}

/** `H` with a window, or `A` with a count. */
const control = (kind: string, value: number): Buffer =>
  Buffer.from([0xff, kind.charCodeAt(0), 255, 255, 0, 0, 0, value]);

beforeEach(() => {
  sockets = [];
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

async function one(connection: Connection): Promise<LengthPrefixedMessage> {
  for await (const message of connection) return message;
  throw new Error('no message came');
}

async function drained(connection: Connection): Promise<undefined> {
  for await (const message of connection) for (const fd of message.fds) fd.close();
  return undefined;
}

/** How a promise stands now that all is done that can be. */
async function settledNow(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

it('resolves when the peer has taken the descriptor, and keeps it until then', async () => {
  const [left, right] = pair();
  const file = fds.memfd('sent');
  const is = identity(file.fd);
  const sent = left.send({ bytes: Buffer.from('a file'), fds: [file] });
  file.close();
  expect(await settledNow(sent)).toBe(false);
  const { bytes, fds: came } = await one(right);
  await sent;
  expect([bytes.toString(), ...came.map(({ fd }) => identity(fd))]).toEqual(['a file', is]);
  for (const fd of came) fd.close();
});

it('acknowledges to an end that is busy with a message: both may answer in their loops', async () => {
  const [left, right] = pair({ window: 1 });
  const echo = async (connection: Connection, count: number): Promise<void> => {
    let seen = 0;
    for await (const message of connection) {
      for (const fd of message.fds) await connection.send({ bytes: message.bytes, fds: [fd] });
      for (const fd of message.fds) fd.close();
      if (++seen === count) return;
    }
  };
  const looping = [echo(left, 50), echo(right, 50)];
  using file = fds.memfd('sent');
  const first = Promise.all([left, right].map((end) => end.send({ bytes: Buffer.from('x'), fds: [file] })));
  await Promise.all([first, ...looping]);
  await Promise.all([left.close({ timeout: 0 }), right.close({ timeout: 0 })]);
});

it.each([1, 3, 64])('both ends flood each other with the window %d', async (window) => {
  const [left, right] = pair({ window });
  const COUNT = 200;
  const flood = async (connection: Connection): Promise<void> => {
    const sends = Array.from({ length: COUNT }, (_, index) => {
      using file = fds.memfd(`file ${index}`);
      return connection.send({ bytes: Buffer.alloc(index % 7 === 0 ? 300_000 : index, index), fds: [file, file] });
    });
    await Promise.all(sends);
  };
  const take = async (connection: Connection): Promise<void> => {
    let index = 0;
    for await (const { bytes, fds: came } of connection) {
      expect([bytes.every((byte) => byte === index % 256), came.length]).toEqual([true, 2]);
      for (const fd of came) fd.close();
      if (++index === COUNT) return;
    }
  };
  await Promise.all([flood(left), flood(right), take(left), take(right)]);
});

it('sends no more than the window to a peer that never acknowledges, and keeps the rest here', async () => {
  const ends = withBarePeer();
  sockets = [ends.socket];
  const connection = framed(ends.socket, lengthPrefixed({ acknowledge: { window: 4 } }));
  raw.sendMessage(ends.peer, control('H', 3));
  using file = fds.memfd('sent');
  const sends = Array.from({ length: 10 }, () => connection.send({ bytes: Buffer.from('x'), fds: [file] }));
  const outcome = Promise.allSettled(sends);
  await until(() => ends.socket.stats.fdsSent === 3);
  expect(await settledNow(Promise.race(sends))).toBe(false);
  expect(ends.socket.stats.fdsSent).toBe(3);
  ends.socket.destroy();
  const reasons = (await outcome).map((each) => (each as PromiseRejectedResult).reason as AncillaryError);
  expect(reasons.map(({ code }) => code)).toEqual([
    ...new Array<string>(3).fill('ERR_FD_UNACKNOWLEDGED'),
    ...new Array<string>(7).fill('ERR_FD_CLOSED'),
  ]);
  expect(reasons[9]?.message).toMatch(/; 7 messages, this one among them, waited for .*, and were not sent$/);
  ends[Symbol.dispose]();
});

it.each([
  ['dies', undefined, { code: 'ECONNRESET', syscall: 'recvmsg' }],
  ['breaks the protocol', control('H', 9), { code: 'ERR_FRAME_INVALID' }],
])('what waited for acknowledgements of a peer that %s was not sent, and says so', async (_what, last, error) => {
  const ends = withBarePeer();
  sockets = [ends.socket];
  const connection = framed(ends.socket, lengthPrefixed({ acknowledge: true }));
  raw.sendMessage(ends.peer, control('H', 1));
  const [first, ...waiting] = ['1', '2', '3'].map((text) => connection.send({ bytes: Buffer.from(text) }));
  const settled = Promise.allSettled([first, ...waiting]);
  await until(() => ends.socket.stats.framesSent === 2);
  if (last === undefined) ends.peer.close();
  else raw.sendMessage(ends.peer, last);
  const message = expect.stringMatching(/2 messages, this one among them, waited for .*, and were not sent$/) as string;
  await expect(first).rejects.toMatchObject({ code: 'ERR_FD_UNACKNOWLEDGED' });
  for (const each of waiting) await expect(each).rejects.toMatchObject({ ...error, message, cause: error });
  await settled;
  ends[Symbol.dispose]();
});

it('reads no more than two windows ahead of an end that takes nothing', async () => {
  const [left, right] = pair({ window: 2 });
  using file = fds.memfd('sent');
  const send = (from: Connection): Promise<void> => from.send({ bytes: Buffer.from('x'), fds: [file] });
  const toRight = Array.from({ length: 10 }, () => send(left));
  const toLeft = Array.from({ length: 10 }, () => send(right));
  const settled = Promise.allSettled([...toRight, ...toLeft]);
  await Promise.all([toRight[1], toLeft[1]]);
  await until(() => sockets.every(({ stats }) => stats.fdsReceived === 4));
  expect(await settledNow(Promise.race([toRight[2], toLeft[2]]))).toBe(false);
  expect(sockets.map(({ stats }) => stats.fdsReceived)).toEqual([4, 4]);
  await Promise.all([left.close({ timeout: 0 }), right.close({ timeout: 0 })]);
  await settled;
});

describe.each<[string, Buffer[], string]>([
  ['acknowledges more than was sent', [control('H', 9), control('A', 2)], 'ERR_FRAME_INVALID'],
  ['acknowledges nothing', [control('H', 9), control('A', 0)], 'ERR_FRAME_INVALID'],
  ['acknowledges a message twice', [control('H', 9), control('A', 1), control('A', 1)], 'ERR_FRAME_INVALID'],
  ['acknowledges before it greets', [control('A', 1)], 'ERR_FRAME_INVALID'],
  ['greets twice', [control('H', 9), control('H', 9)], 'ERR_FRAME_INVALID'],
  ['has a window of nothing', [control('H', 0)], 'ERR_FRAME_INVALID'],
  ['does not use the option', [Buffer.from('\0\0\0\x01\0\0x')], 'ERR_FRAME_INVALID'],
  ['says something else', [control('B', 1)], 'ERR_FRAME_TOO_LARGE'],
  [
    'sends more than the window',
    [control('H', 9), ...new Array<Buffer>(9).fill(Buffer.from('\0\0\0\x01\0\0x'))],
    'ERR_FRAME_INVALID',
  ],
])('a peer that %s', (_what, frames, code) => {
  it(`is refused with ${code}, and nothing stays open`, async () => {
    const ends = withBarePeer();
    sockets = [ends.socket];
    const connection = framed(ends.socket, lengthPrefixed({ acknowledge: { window: 2 } }));
    using file = fds.memfd('sent');
    const sent = connection.send({ bytes: Buffer.from('x'), fds: [file, file] });
    const settled = Promise.allSettled([sent]);
    // Whoever takes what comes acknowledges it, and the window is never exceeded.
    const told = frames.length > 3 ? sent : drained(connection);
    for (const frame of frames) raw.sendMessage(ends.peer, frame);
    const reason = await told.catch((error: unknown) => error as { code: string; cause?: { code: string } });
    expect([reason?.code, reason?.cause?.code]).toContain(code);
    await settled;
    expect(ends.socket.destroyed).toBe(true);
    await connection.close();
    ends[Symbol.dispose]();
  });
});

it('a peer without the option is told with its first bytes, and gets no message', async () => {
  sockets = socketpair();
  const [with_, without] = [
    framed(sockets[0] as FdSocket, lengthPrefixed({ acknowledge: true })),
    framed(sockets[1] as FdSocket, lengthPrefixed()),
  ];
  using file = fds.memfd('sent');
  const sent = with_.send({ bytes: Buffer.from('x'), fds: [file] });
  await expect(one(without)).rejects.toMatchObject({
    code: 'ERR_FRAME_INVALID',
    message: expect.stringMatching(
      /^the peer wants to acknowledge .* set acknowledge of lengthPrefixed\(\) at both/,
    ) as string,
  });
  await expect(sent).rejects.toMatchObject({
    code: 'ERR_FD_CLOSED',
    message: expect.stringMatching(
      /; this message waited for the peer to say that it acknowledges, and was not sent: set acknowledge at both ends/,
    ) as string,
  });
  expect(sockets[0]?.stats.fdsSent).toBe(0);
});

it('is not to be read by frames() alone', async () => {
  sockets = socketpair();
  const codec = lengthPrefixed({ acknowledge: true });
  framed(sockets[0] as FdSocket, codec);
  for await (const frame of (sockets[1] as FdSocket).frames(codec)) {
    expect(thrown(() => codec.decode(frame))).toMatchObject({ code: 'ERR_FRAME_INVALID' });
    break;
  }
});

it('close() waits for acknowledgements, and refuses what is sent afterwards', async () => {
  const [left, right] = pair();
  using file = fds.memfd('sent');
  const sent = left.send({ bytes: Buffer.from('x'), fds: [file] });
  const closed = left.close();
  await expect(left.send({ bytes: Buffer.from('y') })).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
  for (const fd of (await one(right)).fds) fd.close();
  await Promise.all([sent, closed]);
});

describe('with a message read ahead while an acknowledgement is awaited', () => {
  let ends: BarePeer;
  let connection: Connection;
  let file: OwnedFd;
  let unknown: Promise<unknown>;

  beforeEach(async () => {
    ends = withBarePeer();
    sockets = [ends.socket];
    connection = framed(ends.socket, lengthPrefixed({ acknowledge: true }));
    file = fds.memfd('sent');
    unknown = connection.send({ bytes: Buffer.from('never taken') }).catch((error: unknown) => error);
    raw.sendMessage(ends.peer, control('H', 9));
    raw.sendMessage(ends.peer, Buffer.from('\0\0\0\x01\0\x01x'), [file]);
    await until(() => ends.socket.stats.fdsReceived === 1);
    expect(await settledNow(unknown)).toBe(false);
  });

  afterEach(() => {
    file.close();
    ends[Symbol.dispose]();
  });

  it('hands it out although the peer closed meanwhile, since that knows it to have arrived', async () => {
    ends.peer.close();
    await expect(unknown).resolves.toMatchObject({ code: 'ERR_FD_UNACKNOWLEDGED' });
    const { fds: came } = await one(connection);
    expect(came.map(({ fd }) => identity(fd))).toEqual([identity(file.fd)]);
    for (const fd of came) fd.close();
  });

  it('closes it when the socket is destroyed here', async () => {
    ends.socket.destroy();
    await expect(unknown).resolves.toMatchObject({ code: 'ERR_FD_UNACKNOWLEDGED' });
  });

  it('closes it when the connection is closed', async () => {
    await connection.close({ timeout: 0 });
    await expect(unknown).resolves.toMatchObject({ code: 'ERR_FD_UNACKNOWLEDGED' });
  });

  it('closes it by close() after the peer closed', async () => {
    ends.peer.close();
    await unknown;
    await connection.close();
  });
});

it('takes a message back while it waits for the window', async () => {
  const [left, right] = pair({ window: 1 });
  const first = left.send({ bytes: Buffer.from('1') });
  const controller = new AbortController();
  const second = left.send({ bytes: Buffer.from('2') }, { signal: controller.signal });
  controller.abort();
  await expect(second).rejects.toMatchObject({ name: 'AbortError' });
  await one(right);
  await first;
});

it('closes what is given away once it is acknowledged', async () => {
  sockets = socketpair();
  const frames = lengthPrefixed({ acknowledge: true });
  const giving = {
    ...frames,
    encode: (payload: LengthPrefixedPayload) => ({ ...frames.encode(payload), transfer: true }),
  };
  const [left, right] = [framed(sockets[0] as FdSocket, giving), framed(sockets[1] as FdSocket, frames)];
  const file = fds.memfd('sent');
  const sent = left.send({ bytes: Buffer.from('x'), fds: [file] });
  expect(await settledNow(sent)).toBe(false);
  expect(file.closed).toBe(false);
  for (const fd of (await one(right)).fds) fd.close();
  await sent;
  expect(file.closed).toBe(true);
});

it.each([
  [{ acknowledge: 1 }, TypeError],
  [{ acknowledge: null }, TypeError],
  [{ acknowledge: { windows: 1 } }, TypeError],
  [{ acknowledge: { window: '5' } }, TypeError],
  [{ acknowledge: { window: 0 } }, RangeError],
  [{ acknowledge: { window: 65536 } }, RangeError],
  [{ acknowledge: true, lengthBytes: 2 }, TypeError],
  [{ acknowledge: true, countBytes: 0 }, TypeError],
])('refuses the options %p', (options, error) => {
  expect(() => lengthPrefixed(options as never)).toThrow(error);
});
