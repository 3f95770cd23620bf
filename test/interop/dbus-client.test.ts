import { text } from 'node:stream/consumers';
import { connect, fds, OwnedFd, raw } from '../../packages/ancillary';
import { dbusMessages, delimited } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { identity, openDescriptors } from '../support/descriptors';
import { Files, identitiesOf } from '../support/files';
import { BusClient, HELLO, marshall, TARGET, unmarshall } from './dbus-client';
import { leftOverIn } from './dbus-peers';
import { pythonService } from './dbus-service';
import { type PrivateBus, privateBus } from './private-bus';
import { reportRow } from './report';

// dbus-daemon with a configuration of its own, a service of libdbus, and our handshake and codec as a client.

const CALLS = 1000;

let bus: PrivateBus;
beforeAll(async () => {
  bus = await privateBus();
});
afterAll(() => bus[Symbol.asyncDispose]());

test('a burst of calls with and without descriptors is answered with the same files', async () => {
  await using service = await pythonService(bus);
  await using client = await BusClient.connect(bus.path);
  const before = openDescriptors(service.pid).size;
  let wrong = 0;

  const echo = async (count: number) => {
    using files = new Files(count);
    const indices = files.owned.map((_, index) => index);
    const reply = await client.call({ ...TARGET, member: 'Echo', signature: 'ah', body: [indices] }, files.owned);
    const [order] = unmarshall(reply.bytes).body as [number[]];
    const came = identitiesOf(reply.fds);
    if (String(order.map((index) => came[index])) !== String(files.identities)) wrong++;
    OwnedFd.closeAll(reply.fds);
  };
  const ping = async (words: string) => {
    const reply = await client.call({ ...TARGET, member: 'Ping', signature: 's', body: [words] });
    if (reply.fds.length > 0 || unmarshall(reply.bytes).body?.[0] !== words) wrong++;
  };
  for (let made = 0; made < CALLS; made += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => [echo(1 + (index % 4)), ping(`call ${index}`)]).flat());
  }

  const { fdsSent, fdsReceived } = client.connection.socket.stats;
  reportRow(
    {
      peer: 'dbus-daemon and libdbus',
      messages: 4 * CALLS,
      fdsSent,
      fdsReceived,
      wrong,
      leftOver: await leftOverIn(service.pid, before),
    },
    { messages: 4000, fdsSent: 1000, fdsReceived: 1000 },
  );
});

test('a file that the service opened can be read', async () => {
  await using service = await pythonService(bus);
  await using client = await BusClient.connect(bus.path);
  const reply = await client.call({ ...TARGET, member: 'Make', signature: 's', body: ['written by the service'] });
  expect(reply).toMatchObject({ type: 'method_return', signature: 'h', unixFds: 1 });
  const [file] = reply.fds;
  if (file === undefined) throw new Error('no file came');
  expect(await text(fds.toReadStream(file))).toBe('written by the service');
  service.kill();
});

test('a body that dbus-native makes is read, and it reads the one of the answer', async () => {
  const bodyOf =
    jest.requireActual<(signature: string, values: readonly unknown[]) => Buffer>('dbus-native/lib/marshall.js');
  const valuesOf = jest.requireActual<(body: Buffer, signature: string) => unknown[]>('dbus-native/lib/unmarshall.js');
  await using service = await pythonService(bus);
  await using client = await BusClient.connect(bus.path);
  using memory = fds.memfd('memory');
  const serial = 1000;
  const answered = client.reply(serial);
  const call = { ...TARGET, type: 'method_call', serial, member: 'Identify' } as const;
  await client.connection.send({ ...call, signature: 'h', body: bodyOf('h', [0]), fds: [memory] });
  const answer = await answered;
  expect(valuesOf(answer.body, answer.signature ?? '')).toEqual([identity(memory.fd)]);
  service.kill();
});

/** What goes with one sendmsg. */
type Piece = readonly [bytes: Uint8Array, fds: readonly OwnedFd[]];

describe('what dbus-daemon does with descriptors, which dbusMessages() goes by', () => {
  const SERIAL = 100;
  const NOBODY = { ...TARGET, destination: 'com.example.Nobody' };
  const call = (count: number) =>
    marshall({
      type: 1,
      ...NOBODY,
      member: 'Echo',
      signature: 'ah',
      body: [[...Array(count).keys()]],
      fds: Array(count),
      serial: SERIAL,
    });

  /** Sends a message in pieces, and returns whether the bus has answered it; otherwise it has closed the connection. */
  async function answered(pieces: readonly Piece[], client?: BusClient): Promise<boolean> {
    await using connected = client ?? (await BusClient.connect(bus.path));
    const reply = connected.reply(SERIAL);
    for (const [bytes, owned] of pieces) raw.sendMessage(connected.connection.socket, bytes, owned);
    const first = await Promise.race([reply, connected.ended]);
    return typeof first === 'object' && first !== null && 'errorName' in first;
  }

  test('it takes 16 in a message, and no more', async () => {
    using files = new Files(17);
    expect(await answered([[call(16), files.owned.slice(0, 16)]])).toBe(true);
    expect(await answered([[call(17), files.owned]])).toBe(false);
  });

  test('they come with one sendmsg: with two the connection ends', async () => {
    using files = new Files(2);
    const message = call(2);
    expect(
      await answered([
        [message.subarray(0, 50), files.owned],
        [message.subarray(50), []],
      ]),
    ).toBe(true);
    expect(
      await answered([
        [message.subarray(0, 50), files.owned.slice(1)],
        [message.subarray(50), files.owned.slice(1)],
      ]),
    ).toBe(false);
  });

  test('what comes with BEGIN it reads without room for any: there must be none before it answered Hello', async () => {
    using files = new Files(2);
    const socket = await connect(bus.path);
    const lines = socket.frames(delimited({ delimiter: '\r\n' }));
    const identity = Buffer.from(String(process.getuid?.())).toString('hex');
    await socket.send(`\0AUTH EXTERNAL ${identity}\r\nNEGOTIATE_UNIX_FD\r\n`);
    for await (const { bytes } of lines) if (bytes.toString() === 'AGREE_UNIX_FD\r\n') break;

    process.kill(bus.daemon.pid, 'SIGSTOP');
    const client = new BusClient(framed(socket, dbusMessages()));
    const hello = marshall({ ...HELLO, serial: 1 });
    const ended = answered(
      [
        [Buffer.from('BEGIN\r\n'), []],
        [hello, []],
        [call(2), files.owned],
      ],
      client,
    );
    process.kill(bus.daemon.pid, 'SIGCONT');
    expect(await ended).toBe(false);
  });

  test('a message without its descriptors ends the connection', async () => {
    expect(await answered([[call(2), []]])).toBe(false);
  });
});
