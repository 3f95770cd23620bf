import { once } from 'node:events';
import { closeSync, fstatSync } from 'node:fs';
import dbus from 'dbus-native';
import { fds } from '../../packages/ancillary';
import { createStream } from '../../packages/ancillary/dbus-native';
import { pythonService, SERVICE, SERVICE_PATH } from './dbus-service';
import { privateBus } from './private-bus';
import { reportRow } from './report';

const COUNT = 1000;

type Client = ReturnType<typeof dbus.createClient>;
interface Message {
  readonly type: number;
  readonly replySerial: number;
  readonly body: readonly unknown[];
  readonly fds?: readonly number[];
}

/** A client that has its name, and the answers to its calls by their serial. */
async function connected(address: string): Promise<{ client: Client; call: Call; end: () => Promise<void> }> {
  const client = dbus.createClient({ stream: createStream(address) });
  const waiting = new Map<number, (answer: Message) => void>();
  client.connection.on('message', (message: Message) => {
    waiting.get(message.replySerial)?.(message);
    waiting.delete(message.replySerial);
  });
  await once(client.connection, 'connect');
  return {
    client,
    call: (member, signature, body, sent) =>
      new Promise((resolve) => {
        const { serial } = client;
        client.serial++;
        waiting.set(serial, resolve);
        client.connection.message({
          type: 1,
          serial,
          destination: SERVICE,
          path: SERVICE_PATH,
          interface: SERVICE,
          member,
          ...(signature === '' ? {} : { signature, body }),
          ...(sent === undefined ? {} : { fds: sent }),
        } as never);
      }),
    async end() {
      const closed = once(client.connection, 'close');
      client.connection.end();
      await closed;
    },
  };
}

type Call = (member: string, signature: string, body: readonly unknown[], sent?: readonly number[]) => Promise<Message>;

async function swap(call: Call): Promise<boolean> {
  const memory = fds.memfd('question');
  const { ino } = fstatSync(memory.fd);
  const answered = call('Swap', 'h', [0], [memory.fd]);
  memory.close();
  const { body, fds: received = [] } = await answered;
  const inodes = received.map((fd) => fstatSync(fd).ino);
  for (const fd of received) closeSync(fd);
  return inodes.length === 1 && Number(body[1]) === inodes[0] && Number(body[2]) === ino;
}

async function ping(call: Call, text: string): Promise<boolean> {
  const { body, fds: received = [] } = await call('Ping', 's', [text]);
  return body[0] === text && received.length === 0;
}

it('the callback of invoke() has the descriptors of the answer in this.message', async () => {
  await using bus = await privateBus();
  await using service = await pythonService(bus);
  const { client, end } = await connected(bus.address);
  using memory = fds.memfd('question');
  const call = { destination: SERVICE, path: SERVICE_PATH, interface: SERVICE, member: 'Swap' };
  const [values, files] = await new Promise<[unknown[], readonly number[]]>((resolve, reject) => {
    const message = { ...call, signature: 'h', body: [0], fds: [memory.fd] };
    client.invoke(message, function (this: { message: Message }, error: Error | null, ...body: unknown[]) {
      if (error) reject(error);
      else resolve([body, this.message.fds ?? []]);
    });
  });
  const inodes = files.map((fd) => fstatSync(fd).ino);
  for (const fd of files) closeSync(fd);
  expect([inodes[Number(values[0])], fstatSync(memory.fd).ino]).toEqual(values.slice(1).map(Number));
  await end();
  service.kill();
});

it(`dbus-native: ${COUNT} calls and answers with a descriptor among as many without, in one burst`, async () => {
  await using bus = await privateBus();
  await using service = await pythonService(bus);
  const { client, call, end } = await connected(bus.address);
  expect(client.connection).toMatchObject({ canPassFds: true, unixFdsAgreed: true });
  // By then the bus has answered Hello: before, it reads without room for descriptors (docs/protocols.md).
  expect(await ping(call, 'the first')).toBe(true);
  const right = await Promise.all(
    Array.from({ length: 2 * COUNT }, (_, index) => (index % 2 === 0 ? swap(call) : ping(call, `text ${index}`))),
  );
  const { body } = await call('Open', '', []);
  await end();
  service.kill();
  reportRow(
    {
      peer: 'dbus-native, a service of libdbus',
      messages: 4 * COUNT,
      fdsSent: COUNT,
      fdsReceived: COUNT,
      wrong: right.filter((each) => !each).length,
      leftOver: Number(body[0]),
    },
    { messages: 2 * COUNT, fdsSent: COUNT, fdsReceived: COUNT },
  );
});
