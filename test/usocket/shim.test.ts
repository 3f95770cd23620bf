import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { connect, fds, listen, type OwnedFd } from '../../packages/ancillary';
import { UServer, USocket } from '../../packages/ancillary/usocket';
import { addon, nativeBinding } from '../../packages/binding-native';
import { built } from '../support/built';
import { node, runDirectory, start } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';
import { message, receiveMessages, usocketPair } from './sockets';

// What usocket 1.1.0 gets wrong, each by its own interface.

const SHIM = JSON.stringify(path.join(built(), 'usocket'));
const ANCILLARY = JSON.stringify(built());
const FD_CLOEXEC = 1;

let files: [OwnedFd, OwnedFd];
let sockets: USocket[];

beforeEach(() => {
  files = [fds.memfd('even'), fds.memfd('odd')];
  sockets = [];
});

afterEach(() => {
  for (const file of files) file.close();
  for (const socket of sockets) socket.destroy();
});

function pair(sendBuffer?: number): [USocket, USocket] {
  const made = usocketPair();
  sockets.push(...made);
  if (sendBuffer !== undefined) addon.setSocketOption(made[0].fd ?? -1, addon.constants.SO_SNDBUF, sendBuffer);
  return made;
}

const fileOf = (index: number): OwnedFd => files[index % 2 === 0 ? 0 : 1];
const expected = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, identities: [identity(fileOf(index).fd)] }));

/** Runs the body in a process of its own, which may have so many descriptors, with a socket at 3. */
function child(body: string, socket: number, limit = 1024) {
  const source = `
    const { USocket, UServer } = require(${SHIM});
    const fs = require('node:fs');
    (async () => { ${body} })();
  `;
  const command = `ulimit -n ${limit} && exec "$0" -e "$1"`;
  return start('sh', ['-c', command, process.execPath, source], { descriptors: [socket] });
}

it('1: drops no descriptor when the socket is full (EAGAIN)', async () => {
  const [sender, receiver] = pair(8_192);
  const received = receiveMessages(receiver, 5000);
  let full = 0;
  for (let index = 0; index < 5000; index++) {
    if (!sender.write({ data: message(index), fds: [fileOf(index)] })) {
      full++;
      await once(sender, 'drain');
    }
  }
  expect(await received).toEqual(expected(5000));
  expect(full).toBeGreaterThan(0);
});

it('2: sends no descriptor twice after a partial write', async () => {
  const [sender, receiver] = pair(8_192);
  const received = receiveMessages(receiver, 200);
  for (let index = 0; index < 200; index++) sender.write({ data: message(index, 20_000), fds: [fileOf(index)] });
  sender.end();
  expect(await received).toEqual(expected(200));
  expect(receiver.socket?.stats.fdsReceived).toBe(200);
});

it('3: does not pretend to send descriptors without bytes', () => {
  const [sender] = pair();
  const called: unknown[] = [];
  const lacking = expect.objectContaining({ code: 'ERR_FD_WITHOUT_BYTES' }) as Error;
  expect(() => sender.write([files[0].fd])).toThrow(lacking);
  expect(() => sender.write({ fds: [files[0].fd], callback: () => called.push('sent') })).toThrow(lacking);
  expect([called, sender.destroyed]).toEqual([[], false]);
});

it('4: keeps descriptors with their messages in a burst of 40, with others that have none', async () => {
  const [sender, receiver] = pair();
  for (let index = 0; index < 40; index++) {
    sender.write(index % 3 === 0 ? message(index) : { data: message(index), fds: [fileOf(index)] });
  }
  const of = (index: number) => ({ index, identities: index % 3 === 0 ? [] : [identity(fileOf(index).fd)] });
  expect(await receiveMessages(receiver, 40)).toEqual(Array.from({ length: 40 }, (_, index) => of(index)));
});

it('4: gives a message none of those that came with a later one in the same read', async () => {
  const [sender, receiver] = pair();
  // The kernel puts plain bytes in front of a message with a descriptor into one read.
  sender.write('plain, ');
  sender.write({ data: 'carrying', fds: [files[0].fd] });
  receiver.read(0);
  while (receiver.readableLength < 15) await once(receiver, 'readable');
  expect(receiver.read(7, null)).toEqual({ data: Buffer.from('plain, '), fds: [] });
  const { data, fds: received } = receiver.read(8, null) ?? { data: null, fds: [] };
  expect([String(data), received.map(identity)]).toEqual(['carrying', [identity(files[0].fd)]]);
  for (const fd of received) closeSync(fd);
});

it('5: tells when the kernel dropped descriptors (MSG_CTRUNC)', async () => {
  const [ours, theirs] = nativeBinding.socketpair();
  const sender = new USocket({ fd: ours.take() });
  sockets.push(sender);
  sender.write({ data: 'x', fds: Array.from({ length: 100 }, () => files[0]) });
  const body = `
    const socket = new USocket({ fd: 3 });
    socket.on('readable', () => socket.read(1, null));
    socket.on('error', ({ code }) => console.log(code));
  `;
  const { stdout } = await child(body, theirs.fd, 64).succeeded();
  theirs.close();
  expect(stdout).toBe('ERR_FD_TRUNCATED\n');
});

it('6: received descriptors are close-on-exec', async () => {
  const [sender, receiver] = pair();
  sender.write({ data: message(0), fds: [files[0]] });
  const flags = new Promise((resolve) => {
    receiver.on('readable', () => {
      for (const fd of receiver.read(null, 1)?.fds ?? []) {
        resolve(addon.descriptorFlags(fd));
        closeSync(fd);
      }
    });
  });
  expect(await flags).toBe(FD_CLOEXEC);
});

it('7: destroy() closes what was received and not read: of 200 none is left', async () => {
  const [sender, receiver] = pair();
  const before = openDescriptors().size;
  for (let index = 0; index < 200; index++) sender.write({ data: 'x', fds: [files[0]] });
  receiver.read(0);
  while (receiver.readableLength < 200) await new Promise(setImmediate);
  expect(openDescriptors().size).toBe(before + 200);
  receiver.destroy();
  expect(openDescriptors().size).toBe(before - 1);
});

it('8: close comes exactly once, whichever way a socket ends', async () => {
  for (const end of [
    (socket: USocket) => void socket.destroy(),
    (socket: USocket) => void socket.destroy().destroy(),
    (socket: USocket) => void socket.resume().end(),
    (socket: USocket) => void socket.end().destroy(),
  ]) {
    const [socket, other] = pair();
    other.resume().once('end', () => other.end());
    let count = 0;
    socket.on('close', () => count++);
    const closed = once(socket, 'close');
    end(socket);
    await closed;
    socket.destroy();
    await new Promise(setImmediate);
    expect(count).toBe(1);
  }
});

it('9: may be destroyed before it is connected, at any moment', async () => {
  const address = path.join(runDirectory(), 'usocket-early');
  const server = await listen(address);
  server.on('connection', (socket) => socket.destroy());
  const unconnected = new USocket();
  const never = once(unconnected, 'close');
  unconnected.destroy();
  await never;
  const connecting = new USocket({ path: address });
  const closed = once(connecting, 'close');
  connecting.write({ data: 'never sent', fds: [files[0]] });
  connecting.destroy();
  await closed;
  await server.close();
});

it('10: may be destroyed while it writes, and tells who wrote', async () => {
  const [sender] = pair(8_192);
  const before = openDescriptors().size;
  const told = new Promise((resolve) => sender.write({ data: Buffer.alloc(4_000_000), callback: resolve }));
  const untold = new Promise((resolve) => sender.write({ data: 'x', fds: [files[0]], callback: resolve }));
  expect(openDescriptors().size).toBe(before + 1);
  sender.destroy();
  expect(await told).toBeInstanceOf(Error);
  expect(await untold).toBeInstanceOf(Error);
  expect(openDescriptors().size).toBe(before - 1);
});

it('11: end() sends all that was written before it', async () => {
  const [sender, receiver] = pair(8_192);
  for (let index = 0; index < 20; index++) sender.write({ data: message(index, 50_000), fds: [fileOf(index)] });
  sender.end({ data: message(20), fds: [fileOf(20)] });
  expect(await receiveMessages(receiver, 21)).toEqual(expected(21));
  await once(receiver.resume(), 'end');
});

it('12: unshift() with descriptors returns, and both are read again', async () => {
  const [sender, receiver] = pair();
  sender.write({ data: message(7), fds: [files[1]] });
  sender.write({ data: message(8), fds: [files[0]] });
  receiver.read(0);
  while (receiver.readableLength < 112) await once(receiver, 'readable');
  const first = receiver.read(56, null);
  receiver.unshift(first?.data as Buffer, first?.fds);
  expect(receiver.read(56, 2)).toBeNull();
  expect(await receiveMessages(receiver, 2)).toEqual([
    { index: 7, identities: [identity(files[1].fd)] },
    { index: 8, identities: [identity(files[0].fd)] },
  ]);
});

it('13: listen() removes no file, and no socket that a server answers at', async () => {
  const directory = mkdtempSync(path.join(runDirectory(), 'usocket-'));
  const file = path.join(directory, 'precious');
  writeFileSync(file, 'content');
  const refused = new UServer();
  refused.listen(file);
  expect(await once(refused, 'error')).toMatchObject([{ code: 'EADDRINUSE' }]);
  expect(readFileSync(file, 'utf8')).toBe('content');
  const live = await listen(path.join(directory, 'live'));
  const second = new UServer();
  second.listen({ path: path.join(directory, 'live') });
  expect(await once(second, 'error')).toMatchObject([{ code: 'EADDRINUSE' }]);
  (await connect(path.join(directory, 'live'))).destroy();
  live.on('connection', (socket) => socket.destroy());
  await live.close();
  rmSync(directory, { recursive: true });
});

it('14: takes descriptor 0 for one, as a socket, to send and as received', async () => {
  const [ours, theirs] = nativeBinding.socketpair();
  const peer = new USocket({ fd: ours.take() });
  sockets.push(peer);
  const body = `
    fs.closeSync(0);
    const { dup } = require(${ANCILLARY}).fds;
    const zero = dup(3).take();
    fs.closeSync(3);
    const socket = new USocket({ fd: zero });
    socket.on('connected', () => socket.end({ data: String(zero), fds: [0] }));
    socket.resume();
  `;
  await using running = child(body, theirs.fd);
  theirs.close();
  const received = await new Promise<string>((resolve) => {
    peer.on('readable', () => {
      const read = peer.read(1, 1);
      if (read === null) return;
      resolve(`${String(read.data)} ${read.fds.map((fd) => fds.describeFd(fd).kind).join()}`);
      read.fds.forEach((fd) => closeSync(fd));
    });
  });
  expect(received).toBe('0 unix-socket');
  peer.end();
  await running.succeeded();
});

it('15: works on the loop of the worker that uses it, while the main thread stands still', async () => {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const address = path.join(runDirectory(), 'usocket-worker');
  const source = `
    const { fds } = require(${ANCILLARY});
    const { USocket, UServer } = require(${SHIM});
    const { workerData: { done, address } } = require('node:worker_threads');
    const fs = require('node:fs');
    const file = fds.memfd('sent');
    const server = new UServer();
    server.listen(address, () => {
      const client = new USocket(address, () => client.write({ data: 'x', fds: [file] }));
    });
    server.on('connection', (socket) => {
      socket.on('readable', () => {
        const read = socket.read(1, 1);
        if (!read) return;
        const same = fs.fstatSync(read.fds[0]).ino === fs.fstatSync(file.fd).ino;
        fs.closeSync(read.fds[0]);
        Atomics.store(done, 0, same ? 1 : 2);
        Atomics.notify(done, 0);
        process.exit();
      });
    });
  `;
  const worker = new Worker(source, { eval: true, workerData: { done, address } });
  const exited = once(worker, 'exit');
  expect(Atomics.wait(done, 0, 0, 20_000)).not.toBe('timed-out');
  expect(Atomics.load(done, 0)).toBe(1);
  await exited;
});

it('reads in bounded turns: timers go on while a socket is flooded', async () => {
  const [sender, receiver] = pair();
  let bytes = 0;
  const chunk = Buffer.alloc(65_536);
  let flooding = true;
  const flood = (): void => {
    while (flooding && sender.write(chunk));
  };
  sender.on('drain', flood);
  receiver.on('data', ({ length }: Buffer) => (bytes += length));
  flood();
  for (let round = 0; round < 20; round++) {
    const before = bytes;
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let turn = 0; turn < 100_000 && bytes === before; turn++) await new Promise(setImmediate);
    expect(bytes).toBeGreaterThan(before);
  }
  flooding = false;
});

it('goes on when signals interrupt it (EINTR)', async () => {
  const source = `
    const { USocket } = require(${SHIM});
    const { fds, socketpair } = require(${ANCILLARY});
    const fs = require('node:fs');
    let signals = 0;
    process.on('SIGUSR2', () => signals++);
    const [left, right] = socketpair({ child: true });
    const receiver = new USocket({ fd: right.take() });
    const file = fds.memfd('sent');
    let right_ones = 0;
    console.log('ready');
    receiver.on('readable', () => {
      for (let read; (read = receiver.read(3000, 1)) !== null; ) {
        if (fs.fstatSync(read.fds[0]).ino === fs.fstatSync(file.fd).ino) right_ones++;
        fs.closeSync(read.fds[0]);
      }
    });
    receiver.on('end', () => {
      console.log(JSON.stringify({ messages: right_ones, interrupted: signals > 0 }));
      process.exit();
    });
    (async () => {
      for (let count = 0; count < 2000; count++) await left.send(Buffer.alloc(3000), [file]);
      left.end();
    })();
  `;
  await using running = node(source);
  await running.line();
  const ended = new AbortController();
  const outcome = running.succeeded().finally(() => ended.abort());
  outcome.catch(() => undefined);
  for (let count = 0; count < 1_000_000 && !ended.signal.aborted; count++) {
    running.kill('SIGUSR2');
    await new Promise(setImmediate);
  }
  const { stdout } = await outcome;
  expect(JSON.parse(stdout.split('\n')[1] ?? '')).toEqual({ messages: 2000, interrupted: true });
});

it('a server listens, pauses, and leaves its path', async () => {
  const address = path.join(runDirectory(), 'usocket-server');
  const server = new UServer();
  const accepted: USocket[] = [];
  server.on('connection', (socket: USocket) => accepted.push(socket));
  const listening = once(server, 'listening');
  server.pause();
  server.listen(address, 4);
  await listening;
  expect([server.listening, typeof server.fd]).toEqual([true, 'number']);
  const client = new USocket(address);
  await once(client, 'connected');
  await new Promise(setImmediate);
  expect(accepted).toEqual([]);
  const connection = once(server, 'connection');
  server.resume();
  const [socket] = (await connection) as [USocket];
  socket.end('welcome');
  expect(String((await once(client, 'data'))[0])).toBe('welcome');
  const closed = once(client, 'close');
  client.end();
  await closed;
  server.close();
  for (let turn = 0; turn < 1000 && existsSync(address); turn++) await new Promise(setImmediate);
  expect(existsSync(address)).toBe(false);
});
