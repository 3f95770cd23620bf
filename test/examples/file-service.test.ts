import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type FdLike, type FdSocket, fds, OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';
import { until } from '../hostile/until';
import { destroyed } from '../socket/sockets';
import type { Child } from '../support/children';
import { expectOpenIn, openIn, recipe, socketPath } from './recipe';

// A service whose worker threads open files for clients, which may cancel what they asked for, as the recipes do it.

interface Service {
  readonly child: Child;
  readonly address: string;
  readonly directory: string;
}

type Client = Framed<{ bytes: Buffer; fds: OwnedFd[] }, { bytes: Uint8Array; fds?: readonly FdLike[] }>;

const codec = lengthPrefixed();
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test('the program does what it says', async () => {
  const { stdout, stderr } = await recipe('file-service').succeeded();
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual([
    ...['the first file', 'a file that was not there'],
    ...['TimeoutError: The operation was aborted due to timeout', 'not a name of a file', ''],
  ]);
});

async function start(): Promise<Service> {
  const address = socketPath();
  const directory = path.join(path.dirname(address), 'files');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'one'), 'the first file');
  const child = recipe('file-service', [address, directory]);
  expect(await child.line()).toBe(`listening at ${address}`);
  // Connections go to the two threads in turn; each opens what it keeps when it is first asked.
  for (let thread = 0; thread < 2; thread++) expect(await honest(address)).toBe('the first file');
  // Idle, it has seven sockets: its standard output and standard error, which are some here, that which listens, and two for each
  // thread. A thread of Node's closes the file that was sent.
  await until(() => {
    const open = openIn(child);
    return open.filter(isSocket).length === 7 && !open.some((target) => target.endsWith('/files/one'));
  });
  return { child, address, directory };
}

const isSocket = (target: string): boolean => target.startsWith('socket');

async function ask(client: Client, message: unknown): Promise<{ id: number; error?: string; fds: OwnedFd[] }> {
  await client.send({ bytes: json(message) });
  for await (const { bytes, fds: files } of client) {
    return { ...(JSON.parse(bytes.toString()) as { id: number }), fds: files };
  }
  throw new Error('the service hung up');
}

async function honest(address: string, name = 'one'): Promise<string> {
  const client = framed(await connect(address), codec);
  const { error, fds: files } = await ask(client, { id: 1, name });
  const contents = await Promise.all(files.map((file) => text(fds.toReadStream(file))));
  await client.close();
  return error ?? contents.join();
}

/** How many directories the process watches, in all its threads. */
function watches({ pid }: Child): number {
  const directory = `/proc/${pid}/fdinfo`;
  const all = readdirSync(directory).map((fd) => {
    try {
      return readFileSync(path.join(directory, fd), 'utf8');
    } catch {
      return ''; // Closed meanwhile.
    }
  });
  return all.join('').match(/^inotify wd:/gm)?.length ?? 0;
}

test('what was cancelled is given up: it counts no more, and nothing is watched any more', async () => {
  const { child, address } = await start();
  await using service = child;
  const before = openIn(service);
  const client = framed(await connect(address), codec);
  // More than a client may ask at a time.
  for (let id = 1; id <= 200; id++) {
    await client.send({ bytes: json({ id, name: 'absent' }) });
    expect(await ask(client, { id })).toEqual({ id, error: 'The operation was aborted', fds: [] });
  }
  expect(watches(service)).toBe(0);
  const { fds: files } = await ask(client, { id: 1, name: 'one' });
  expect(OwnedFd.closeAll(files)).toBe(1);
  await client.close();
  await expectOpenIn(service, before);
});

test('a cancellation may cross with its answer', async () => {
  const { child, address } = await start();
  await using service = child;
  const before = openIn(service);
  const client = framed(await connect(address), codec);
  for (let id = 1; id <= 30; id++) await client.send({ bytes: json({ id, name: 'one' }) });
  for (let id = 0; id <= 40; id++) await client.send({ bytes: json({ id }) });
  const answered: number[] = [];
  for await (const { bytes, fds: files } of client) {
    OwnedFd.closeAll(files);
    if (answered.push((JSON.parse(bytes.toString()) as { id: number }).id) === 30) break;
  }
  expect(answered.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  await client.close();
  await expectOpenIn(service, before);
});

test('a file that comes later is sent to all who wait for it', async () => {
  const { child, address, directory } = await start();
  await using service = child;
  const before = openIn(service);
  const answers = Array.from({ length: 10 }, () => honest(address, 'later'));
  await until(() => watches(service) === 2);
  writeFileSync(path.join(directory, 'unfinished'), 'text');
  renameSync(path.join(directory, 'unfinished'), path.join(directory, 'later'));
  expect(await Promise.all(answers)).toEqual(Array(10).fill('text'));
  await expectOpenIn(service, before);
});

test('names lead nowhere else', async () => {
  const { child, address, directory } = await start();
  await using service = child;
  const before = openIn(service);
  symlinkSync('/etc/passwd', path.join(directory, 'link'));
  const client = framed(await connect(address), codec);
  for (const name of ['..', '../one', '/etc/passwd', '', 'link', null, 5, ['one'], { toString: 1 }]) {
    expect(await ask(client, { id: 1, name })).toMatchObject({ error: expect.any(String) as string, fds: [] });
  }
  await client.close();
  await expectOpenIn(service, before);
});

const attacks: Record<string, (socket: FdSocket, file: OwnedFd) => unknown> = {
  'hangs up at once': () => undefined,
  'hangs up inside a frame': (socket) => socket.send(frame({ id: 1, name: 'one' }).subarray(0, 8)),
  'hangs up before it is answered': (socket) => socket.send(frame({ id: 1, name: 'one' })),
  'hangs up while it waits': async (socket) => {
    for (let id = 0; id < 50; id++) await socket.send(frame({ id, name: 'absent' }));
    await socket.send(frame({ id: 50, name: 'one' }));
    (await socket.receive(1)).close();
  },
  'asks for more than it may': async (socket) => {
    for (let id = 0; id < 100; id++) await socket.send(frame({ id, name: 'absent' }));
    await socket.receive(1);
  },
  'asks twice with one id': async (socket) => {
    for (let count = 0; count < 2; count++) await socket.send(frame({ id: 1, name: 'absent' }));
    await socket.receive(1);
  },
  'resets with files unread': async (socket) => {
    for (let id = 0; id < 20; id++) await socket.send(frame({ id, name: 'one' }));
    (await socket.receive(1)).close();
  },
  'sends what is no request': (socket) => socket.send(frame(null)),
  'sends descriptors with a request': async (socket, file) => {
    const { bytes } = codec.encode({ bytes: json({ id: 1, name: 'one' }), fds: Array<OwnedFd>(20).fill(file) });
    await socket.send(bytes, Array<OwnedFd>(20).fill(file));
    (await socket.receive(1)).close();
  },
  'sends surplus descriptors': async (socket, file) => {
    await socket.send(frame({ id: 1, name: 'one' }), [file, file]);
    await socket.receive(1);
  },
};

function frame(message: unknown): Buffer {
  return codec.encode({ bytes: json(message) }).bytes as Buffer;
}

test('a client that hangs up or breaks the protocol ends its own connection alone, and nothing stays open', async () => {
  const { child, address } = await start();
  await using service = child;
  const before = openIn(service);
  using file = fds.memfd('file');
  for (const [name, attack] of Object.entries(attacks)) {
    // One for each thread.
    for (let thread = 0; thread < 2; thread++) {
      const socket = await connect(address);
      socket.on('error', () => undefined);
      // Where the service has hung up already, there is nothing to be read.
      await Promise.resolve(attack(socket, file)).catch(() => undefined);
      await destroyed(socket);
    }
    expect([name, await honest(address), await honest(address)]).toEqual([name, 'the first file', 'the first file']);
  }
  await expectOpenIn(service, before);
  expect(watches(service)).toBe(0);
});
