import { once } from 'node:events';
import { type Discarded, type FdSocket, fds, type OwnedFd, raw } from '../../packages/ancillary';
import { until } from '../hostile/until';
import { closed } from '../socket/sockets';
import { type BarePeer, withBarePeer } from '../support/bare-peer';

let ends: BarePeer;
let socket: FdSocket;
let file: OwnedFd;
beforeEach(() => {
  ends = withBarePeer();
  ({ socket } = ends);
  file = fds.memfd('file');
});
afterEach(() => {
  ends[Symbol.dispose]();
  file.close();
});

const put = (text: string, count = 0): unknown =>
  raw.sendMessage(
    ends.peer,
    Buffer.from(text),
    Array.from({ length: count }, () => file),
  );

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** Closes the other end so that what is read after its bytes is ECONNRESET. */
async function reset(): Promise<void> {
  await socket.send('never read');
  ends.peer.close();
}

it(`emits no 'fds' while it is paused; they come with their bytes when it is resumed`, async () => {
  const told: string[] = [];
  const discarded: Discarded[] = [];
  socket.on('discarded', (each) => discarded.push(each));
  socket.on('data', (chunk: Buffer) => told.push(String(chunk))).pause();
  put('a', 1);
  put('b');
  await until(() => socket.stats.bytesRead === 2);
  await turns(10);
  expect([told, discarded]).toEqual([[], []]);
  socket.on('fds', (frame) => {
    told.push(`${frame.fds.length} fds`);
    frame.close();
  });
  await turns(10);
  expect(told).toEqual([]);
  socket.resume();
  await until(() => told.length === 3);
  expect(told).toEqual(['1 fds', 'a', 'b']);
});

it.each<[string, (told: string[]) => unknown]>([
  [
    'for await',
    async (told) => {
      for await (const chunk of socket) {
        told.push(String(chunk));
        break;
      }
    },
  ],
  [
    `'readable'`,
    (told) =>
      socket.on('readable', () => {
        for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
          told.push(String(chunk));
      }),
  ],
])('what waited while it was paused comes to %s as well', async (_name, read) => {
  const told: string[] = [];
  socket.on('fds', (frame) => {
    told.push('fds');
    frame.close();
  });
  socket.pause();
  socket.read(0);
  put('a', 1);
  await until(() => socket.stats.bytesRead === 1);
  expect(told).toEqual([]);
  void read(told);
  await until(() => told.length === 2);
  expect(told).toEqual(['fds', 'a']);
});

it('comes to whoever polls read()', async () => {
  let descriptors = 0;
  socket.on('fds', (frame) => {
    descriptors += frame.fds.length;
    frame.close();
  });
  put('ab', 1);
  let text = '';
  await until(() => {
    text += (socket.read() as Buffer | null)?.toString() ?? '';
    return text === 'ab';
  });
  expect(descriptors).toBe(1);
});

describe('what the peer sent before a reset', () => {
  it('is delivered to a paused reader first, and then the error', async () => {
    const told: unknown[] = [];
    socket.on('error', ({ code }: NodeJS.ErrnoException) => told.push(code));
    socket.on('fds', (frame) => {
      told.push('fds');
      frame.close();
    });
    socket.on('data', (chunk: Buffer) => told.push(String(chunk))).pause();
    put('plain');
    await until(() => socket.stats.bytesRead === 5);
    put('with', 1);
    await reset();
    await until(() => socket.stats.bytesRead === 9);
    await turns(10);
    expect([told, socket.destroyed]).toEqual([[], false]);
    socket.resume();
    await until(() => socket.closed);
    expect(told).toEqual(['plain', 'fds', 'with', 'ECONNRESET']);
  });

  it('is delivered to for await', async () => {
    socket.pause();
    socket.on('readable', () => undefined);
    put('before');
    await reset();
    await until(() => socket.readableLength === 6);
    await turns(10);
    socket.removeAllListeners('readable');
    let text = '';
    const reading = (async () => {
      for await (const chunk of socket) text += String(chunk);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(text).toBe('before');
  });

  it('is not waited for by a reader who wants more than there is', async () => {
    const failed = once(socket, 'error');
    socket.on('readable', () => void socket.read(100));
    put('too few');
    await reset();
    expect(await failed).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  });

  it('becomes frames, too', async () => {
    socket.on('data', () => undefined).pause();
    put('abc', 1);
    await reset();
    await until(() => socket.stats.bytesRead === 3);
    socket.removeAllListeners('data');
    using frame = await socket.receive(3);
    expect(frame.fds).toHaveLength(1);
    await expect(socket.receive(1)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

it('read(size) gets the rest at the end of the stream, also of fewer bytes', async () => {
  const pieces: string[] = [];
  socket.on('readable', () => {
    for (let piece = socket.read(4) as Buffer | null; piece !== null; piece = socket.read(4) as Buffer | null)
      pieces.push(String(piece));
  });
  put('123456');
  ends.peer.close();
  await closed(socket);
  expect(pieces).toEqual(['1234', '56']);
});
