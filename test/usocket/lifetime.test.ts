import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  adopt,
  connect,
  type Discarded,
  type FdFrame,
  fds,
  type FdSocket,
  listen,
  OwnedFd,
  socketpair,
} from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { runDirectory } from '../support/children';
import { openDescriptors } from '../support/descriptors';

let directory: string;
let sockets: FdSocket[];

beforeEach(() => {
  directory = mkdtempSync(path.join(runDirectory(), 'usocket-'));
  sockets = [];
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  rmSync(directory, { recursive: true });
});

function pair(): [FdSocket, FdSocket] {
  const made = socketpair();
  sockets.push(...made);
  return made;
}

/** Reads 200 descriptors into the socket's queue, with nobody to take them. */
async function queueUp(): Promise<FdSocket> {
  const [sender, receiver] = pair();
  using file = fds.memfd('sent');
  await Promise.all(Array.from({ length: 200 }, () => sender.send('x', [file])));
  const frames = receiver.frames({
    measure: (buffered) => (buffered.length < 200 ? { need: 200 } : { length: 1, fds: 1 }),
    reads: 'greedy',
    decode: () => undefined,
    encode: () => ({ bytes: Buffer.alloc(0) }),
  });
  const { value } = (await frames.next()) as IteratorYieldResult<FdFrame>;
  value.close();
  expect(receiver.stats.fdsReceived).toBe(200);
  return receiver;
}

it('destroy() closes the descriptors that nobody took, and says how many', async () => {
  const before = openDescriptors().size;
  const receiver = await queueUp();
  expect(openDescriptors().size).toBeGreaterThan(before + 199);
  const told: Discarded[] = [];
  receiver.on('discarded', (each) => told.push(each));
  const open = openDescriptors().size;
  receiver.destroy();
  expect(open - openDescriptors().size).toBe(200);
  await once(receiver, 'close');
  expect(told).toMatchObject([{ count: 199, reason: 'destroyed' }]);
  expect(receiver.stats.fdsClosed).toBe(199);
});

it('destroy() closes copies made of descriptors that wait to be sent', async () => {
  const [sender] = pair();
  using file = fds.memfd('sent');
  const filler = sender.send(Buffer.alloc(4_000_000));
  const before = openDescriptors().size;
  const waiting = Array.from({ length: 50 }, () => sender.send('x', [file]));
  expect(openDescriptors().size).toBe(before + 50);
  const outcomes = Promise.allSettled([filler, ...waiting]);
  sender.destroy();
  expect(openDescriptors().size).toBe(before - 1);
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true);
});

it.each<[string, (socket: FdSocket) => void]>([
  ['destroy()', (socket) => socket.destroy()],
  ['destroy() twice', (socket) => socket.destroy().destroy()],
  ['destroy() with an error', (socket) => socket.once('error', () => undefined).destroy(new Error('enough'))],
  ['both ends ending', (socket) => socket.resume().end()],
  ['end() and destroy()', (socket) => socket.end().destroy()],
])(`'close' comes exactly once after %s`, async (_, close) => {
  const [socket, other] = pair();
  other.resume().once('end', () => other.end());
  let count = 0;
  socket.on('close', () => count++);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  close(socket);
  await closed;
  socket.destroy();
  await new Promise(setImmediate);
  expect(count).toBe(1);
});

it('destroying during a write crashes nobody: what was not sent is told to those who sent it', async () => {
  const [sender] = pair();
  const written = new Promise((resolve) => sender.write(Buffer.alloc(4_000_000), resolve));
  const sent = sender.send('x');
  sender.destroy();
  await expect(sent).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
  await expect(written).resolves.toMatchObject({ code: expect.any(String) as string });
});

it('destroying inside an event crashes nobody', async () => {
  const [sender, receiver] = pair();
  using file = fds.memfd('sent');
  const closed = once(receiver, 'close');
  receiver.on('fds', (frame) => {
    frame.close();
    receiver.destroy();
  });
  receiver.on('data', () => receiver.destroy());
  await Promise.all([sender.send('x', [file]), sender.send('y', [file])]);
  await closed;
});

it('a socket that is not connected cannot be wrapped, and so not destroyed too early', () => {
  const bare = nativeBinding.socket();
  expect(() => adopt(bare)).toThrow(expect.objectContaining({ code: 'ERR_FD_KIND' }) as Error);
  expect(bare.closed).toBe(false);
  bare.close();
});

it('giving up before the connection is made leaves nothing behind', async () => {
  const controller = new AbortController();
  const pending = connect(path.join(directory, 'nobody'), { retry: true, signal: controller.signal });
  controller.abort();
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
  await expect(connect(path.join(directory, 'nobody'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'connect' });
});

it('unshift() puts bytes back and returns; they are read again before what follows, and descriptors keep their place', async () => {
  const [sender, receiver] = pair();
  using file = fds.memfd('sent');
  await sender.send('header:rest');
  await sender.send('F', [file]);
  sender.end('tail');
  const seen: string[] = [];
  let put = false;
  receiver.on('fds', (frame) => {
    seen.push(`${frame.fds.length} with ${frame.bytes.toString()}`);
    frame.close();
  });
  for await (const chunk of receiver as AsyncIterable<Buffer>) {
    const text = chunk.toString();
    if (put) seen.push(text);
    else {
      put = true;
      seen.push(text.slice(0, 7));
      receiver.unshift(chunk.subarray(7));
    }
  }
  // The bytes put back come first; plain bytes before a descriptor may share its segment.
  expect(seen.filter((each) => !each.startsWith('1 with')).join('')).toBe('header:restFtail');
  expect(seen.filter((each) => each.startsWith('1 with'))).toHaveLength(1);
});

it('listen() removes nothing that is not a socket', async () => {
  const file = path.join(directory, 'precious');
  writeFileSync(file, 'content');
  await expect(listen(file)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(readFileSync(file, 'utf8')).toBe('content');
});

it('listen() removes no socket that a server answers at, and close() removes its own', async () => {
  const address = path.join(directory, 'socket');
  const server = await listen(address);
  await expect(listen(address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  sockets.push(await connect(address));
  await server.close();
  expect(existsSync(address)).toBe(false);
});

it('what was received outlives the socket that it came over', async () => {
  const [sender, receiver] = pair();
  const [reading, writing] = fds.pipe();
  await sender.send('x', [writing], { transfer: true });
  const frame = await receiver.receive(1);
  sender.destroy();
  receiver.destroy();
  expect(frame.fds.map(({ closed }) => closed)).toEqual([false]);
  OwnedFd.closeAll([...frame.fds, reading]);
});
