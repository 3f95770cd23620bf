import { once } from 'node:events';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { connect, FdQuota, fds, type FdSocket, listen, type OwnedFd } from '../../packages/ancillary';
import { dbusMessages } from '../../packages/codec';
import { createStream, type DBusNativeStream } from '../../packages/ancillary/dbus-native';
import { until } from '../hostile/until';
import { runDirectory } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';

// dbus-native keeps what came until a message has it, and closes what is left when the stream is closed.

const LINES = ['\0AUTH EXTERNAL 30\r\n', 'NEGOTIATE_UNIX_FD\r\n', 'BEGIN\r\n'];
const SERVER_LINES = ['DATA\r\n', 'OK 1234\r\n', 'AGREE_UNIX_FD\r\n'];
const codec = dbusMessages({ maxFds: 253 });

let file: OwnedFd;
beforeEach(() => (file = fds.memfd('passed')));
afterEach(() => file.close());

interface Ends extends AsyncDisposable {
  readonly client: FdSocket;
  readonly stream: DBusNativeStream;
  readonly queue: (number | OwnedFd)[];
  readonly held: () => number;
}

let made = 0;

async function ends(form: 'numbers' | 'owned'): Promise<Ends> {
  const address = path.join(runDirectory(), `dbus-unclaimed-${made++}`);
  const quota = new FdQuota({ fds: 5000 });
  const server = await listen(address, { quota });
  const accepted = once(server, 'connection') as Promise<[FdSocket]>;
  const client = await connect(address);
  client.on('error', () => undefined);
  const [socket] = await accepted;
  const stream = createStream(socket, { fds: form });
  const queue: (number | OwnedFd)[] = [];
  stream.on('fds' as never, (received: readonly (number | OwnedFd)[]) => queue.push(...received));
  stream.on('close', () => stream.closeFds(queue.splice(0)));
  stream.resume();
  return {
    client,
    stream,
    queue,
    // A connection is one, too.
    held: () => quota.usage.held.fds - quota.usage.held.connections,
    async [Symbol.asyncDispose]() {
      client.destroy();
      stream.destroy();
      await server.close();
    },
  };
}

function message(count: number, body: number, little = true, member = 'C'): Buffer {
  const { bytes } = codec.encode({
    type: 'signal',
    serial: 7,
    path: '/a',
    interface: 'a.b',
    member,
    littleEndian: little,
    ...(body === 0 ? {} : { signature: 'ay', body: Buffer.alloc(body, 'l') }),
    fds: Array.from({ length: count }, () => file),
  } as never);
  return Buffer.concat(Array.isArray(bytes) ? (bytes as Uint8Array[]) : [bytes as Uint8Array]);
}

const close = (received: (number | OwnedFd)[]): void => {
  for (const fd of received)
    if (typeof fd === 'number') closeSync(fd);
    else fd.close();
};

describe.each(['numbers', 'owned'] as const)('descriptors in dbus-native, as %s', (form) => {
  it.each([
    ['a client', LINES],
    ['a server', SERVER_LINES],
  ])('of messages of %s may be any number in time, however they are cut', async (_who, lines) => {
    await using all = await ends(form);
    const { client, stream, queue } = all;
    for (const line of lines) await client.send(line);
    let total = 0;
    for (let round = 0; round < 40; round++) {
      const count = [253, 1, 100][round % 3] as number;
      const whole = message(count, (round * 37) % 100, round % 2 === 0);
      const cut = 1 + ((round * 13) % (whole.length - 1));
      await client.send(
        whole.subarray(0, cut),
        Array.from({ length: count }, () => file),
      );
      total += count;
      await until(() => queue.length === count);
      close(queue.splice(0));
      await client.send(whole.subarray(cut));
    }
    expect(total).toBeGreaterThan(4000);
    expect(stream.destroyed).toBe(false);
  });

  it('that no message has end the connection, and are counted until then', async () => {
    await using all = await ends(form);
    const { client, stream, queue, held } = all;
    const failed = once(stream, 'error');
    for (const line of LINES) await client.send(line);
    const many = Array.from({ length: 253 }, () => file);
    const bytes = message(0, 1000);
    for (let sent = 0; sent < 4; sent++) await client.send(bytes.subarray(sent, sent + 1), many);
    await until(() => queue.length === 4 * 253);
    expect(held()).toBe(4 * 253);
    await client.send(bytes.subarray(4, 5), many).catch(() => undefined);
    expect(await failed).toMatchObject([{ code: 'ERR_FD_SURPLUS' }]);
    const same = () => [...openDescriptors().keys()].filter((fd) => identity(fd) === identity(file.fd)).length;
    await until(() => same() === 1 && held() === 0);
  });
});

it('numbers are counted until a message has them', async () => {
  await using all = await ends('numbers');
  const { client, queue, held } = all;
  for (const line of LINES) await client.send(line);
  const whole = message(3, 10);
  await client.send(whole.subarray(0, whole.length - 1), [file, file, file]);
  await until(() => queue.length === 3);
  expect(held()).toBe(3);
  await client.send(whole.subarray(whole.length - 1));
  await until(() => held() === 0);
  close(queue.splice(0));
});

it('many that are whole and have none may come before and behind', async () => {
  await using all = await ends('numbers');
  const { client, stream, queue, held } = all;
  let read = 0;
  stream.on('data', ({ length }: Buffer) => (read += length));
  for (const line of LINES) await client.send(line);
  for (let round = 0; round < 60; round++) {
    const plain = Array.from({ length: round % 7 }, (_, index) =>
      message(0, (index * 5) % 11, index % 2 === 0, 'C'.repeat(1 + ((round + index) % 9))),
    );
    const count = [253, 0, 1, 100][round % 4] as number;
    const whole = message(count, round % 10, round % 3 === 0, 'D'.repeat(1 + (round % 8)));
    const files = Array.from({ length: count }, () => file);
    const sent = [client.send(Buffer.concat(plain)), client.send(whole, files), client.send(Buffer.concat(plain))];
    await Promise.all(sent);
    await until(() => queue.length === count && read === client.bytesWritten);
    expect(held()).toBe(0);
    close(queue.splice(0));
  }
  expect(stream.destroyed).toBe(false);
});
