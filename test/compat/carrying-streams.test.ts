import { once } from 'node:events';
import { closeSync, fstatSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type connect, fds, listen, type OwnedFd, socketpair } from '../../packages/ancillary';
import { createStream as createBusStream, type DBusNativeStream } from '../../packages/ancillary/dbus-native';
import { createStream as createX11Stream, type X11Stream } from '../../packages/ancillary/x11';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { built } from '../support/built';
import { node, runDirectory } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';

let ends: { destroy(): unknown }[];
let files: OwnedFd[];

beforeEach(() => {
  ends = [];
  files = ['one', 'two'].map((name) => fds.memfd(name));
});

afterEach(() => {
  for (const end of ends) end.destroy();
  for (const file of files) file.close();
});

function busPair(options?: Parameters<typeof createBusStream>[1]): [DBusNativeStream, DBusNativeStream] {
  const [left, right] = socketpair();
  const made: [DBusNativeStream, DBusNativeStream] = [createBusStream(left, options), createBusStream(right, options)];
  ends.push(...made);
  return made;
}

const file = (index: number): OwnedFd => files[index] as OwnedFd;

/** What comes, in order: texts, and the identities of descriptors, which are closed. */
function record(stream: DBusNativeStream): unknown[] {
  const seen: unknown[] = [];
  stream.on('fds' as never, (received: readonly (number | OwnedFd)[]) => {
    seen.push(received.map((fd) => identity(typeof fd === 'number' ? fd : fd.fd)));
    stream.closeFds(received);
  });
  stream.on('data', (bytes: Buffer) => seen.push(String(bytes)));
  return seen;
}

describe('a stream for dbus-native', () => {
  it.each(['numbers', 'owned'] as const)('emits descriptors as %s, before their bytes', async (form) => {
    const [left, right] = busPair({ fds: form });
    const seen = record(right);
    expect(left.writeWithFds(Buffer.from('with two'), [file(0), file(1).fd])).toBe(true);
    left.end('without');
    await once(right, 'end');
    expect(seen).toEqual([[identity(file(0).fd), identity(file(1).fd)], 'with two', 'without']);
  });

  it('keeps the order of writes, corked or waiting, and copies descriptors at once', async () => {
    const [left, right] = busPair();
    const seen = record(right);
    left.cork();
    left.write('a');
    const given = fds.memfd('given');
    const expected = identity(given.fd);
    left.writeWithFds(Buffer.from('b'), [given]);
    given.close();
    left.write('c');
    left.write('d');
    left.writeWithFds(Buffer.from('e'), [file(1)]);
    left.uncork();
    left.end();
    await once(right, 'end');
    // Plain bytes in front of a descriptor come in its read.
    expect(seen).toEqual([[expected], 'ab', [identity(file(1).fd)], 'cde']);
  });

  it('asks to wait as write() does, and drains', async () => {
    const [left, right] = busPair();
    let more = true;
    for (let count = 0; more && count < 1000; count++) more = left.writeWithFds(Buffer.alloc(10_000), [file(0)]);
    expect(more).toBe(false);
    record(right);
    await once(left, 'drain');
  });

  it('throws for what cannot be sent, and stays as it was', async () => {
    const [left, right] = busPair();
    const coded = (code: string) => expect.objectContaining({ code }) as Error;
    const closed = fds.memfd('closed');
    closed.close();
    expect(() => left.writeWithFds(Buffer.alloc(0), [file(0)])).toThrow(coded('ERR_FD_WITHOUT_BYTES'));
    expect(() => left.writeWithFds(Buffer.from('x'), [closed])).toThrow(coded('ERR_FD_CLOSED'));
    expect(() => left.writeWithFds(Buffer.from('x'), [file(0), 999_999])).toThrow(coded('EBADF'));
    expect(() => left.writeWithFds(Buffer.from('x'), 'no' as never)).toThrow(coded('ERR_INVALID_ARG_TYPE'));
    const seen = record(right);
    left.end('fine');
    await once(right, 'end');
    expect(seen).toEqual(['fine']);
  });

  it('closes descriptors where nobody listens, and those that wait when it is destroyed', async () => {
    const [left, right] = busPair();
    const before = openDescriptors().size;
    right.resume();
    left.writeWithFds(Buffer.from('x'), [file(0)]);
    await once(right, 'data');
    right.pause();
    for (let count = 0; count < 100; count++) left.writeWithFds(Buffer.alloc(10_000), [file(0)]);
    expect(openDescriptors().size).toBeGreaterThan(before + 10);
    left.on('error', () => undefined);
    left.destroy();
    right.destroy();
    await new Promise(setImmediate);
    expect(openDescriptors().size).toBe(before - 2);
  });

  it('closes numbers that nobody claimed, and passes over those that are closed', () => {
    const [left] = busPair();
    const number = fds.dup(file(0)).take();
    left.closeFds([number, number, 999_999, file(1)]);
    expect(() => fstatSync(number)).toThrow('EBADF');
    expect(file(1).closed).toBe(true);
  });

  it('ends with the peer, and closes', async () => {
    const [left, right] = busPair();
    const closed = Promise.all([once(left, 'close'), once(right, 'close')]);
    right.resume();
    left.resume().end('last');
    await closed;
  });

  it('connects by itself to a D-Bus address, and tells why it could not', async () => {
    const address = path.join(runDirectory(), 'bus address');
    const server = await listen(address);
    const accepted = once(server, 'connection');
    const stream = createBusStream(`tcp:host=localhost,port=1;unix:path=${encodeURI(address)},guid=00`);
    ends.push(stream);
    expect(stream.connecting).toBe(true);
    stream.write('at once');
    await once(stream, 'connect');
    const [socket] = (await accepted) as [Awaited<ReturnType<typeof connect>>];
    using frame = await socket.receive(7);
    expect(String(frame.bytes)).toBe('at once');
    socket.destroy();
    await server.close();
    const nowhere = createBusStream(`unix:path=${runDirectory()}/nowhere`);
    expect(await once(nowhere, 'error')).toMatchObject([{ code: 'ENOENT' }]);
    for (const wrong of ['', 'tcp:host=x', 'unix:dir=/tmp', 'unix:path=%zz'])
      expect(() => createBusStream(wrong)).toThrow(TypeError);
    const session = process.env['DBUS_SESSION_BUS_ADDRESS'];
    try {
      delete process.env['DBUS_SESSION_BUS_ADDRESS'];
      expect(() => createBusStream()).toThrow(/^the variable DBUS_SESSION_BUS_ADDRESS is not set: give the address/);
    } finally {
      if (session !== undefined) process.env['DBUS_SESSION_BUS_ADDRESS'] = session;
    }
    expect(() => createBusStream(new net.Socket() as never)).toThrow(
      'the socket is an FdSocket, or an address; an instance of Socket has no function forEachFrame()',
    );
    expect(() => createBusStream(address, { fds: 'all' as never })).toThrow(TypeError);
  });

  it('an exception of a listener is uncaught, and breaks nothing', async () => {
    const source = `
      const { socketpair } = require(${JSON.stringify(built())});
      const { createStream } = require(${JSON.stringify(path.join(built(), 'dbus-native'))});
      const [left, right] = socketpair().map((socket) => createStream(socket));
      process.once('uncaughtException', ({ message }) => {
        console.log(message);
        right.once('data', (bytes) => {
          console.log(String(bytes));
          process.exit();
        });
        left.write('second');
      });
      right.once('data', () => {
        throw new Error('of the listener');
      });
      left.write('first');
    `;
    const { stdout } = await node(source).succeeded();
    expect(stdout).toBe('of the listener\nsecond\n');
  });

  it('works over the model of the kernel', async () => {
    const pair = modelSocketPair({ seed: 3 });
    const [left, right] = pair.map((socket) => createBusStream(socket, { fds: 'owned' })) as [
      DBusNativeStream,
      DBusNativeStream,
    ];
    const seen: unknown[] = [];
    right.on('fds' as never, (received: readonly OwnedFd[]) => {
      seen.push(received.map(({ fd }) => pair.world.identity(fd)));
      for (const fd of received) fd.close();
    });
    right.on('data', (bytes: Buffer) => seen.push(String(bytes)));
    left.end('plain');
    await once(right, 'end');
    expect(seen).toEqual(['plain']);
  });
});

describe('a stream for node-x11', () => {
  function x11Pair(): [X11Stream, X11Stream] {
    const [left, right] = socketpair();
    const made: [X11Stream, X11Stream] = [createX11Stream(left), createX11Stream(right)];
    ends.push(...made);
    return made;
  }

  it('closes what it sends, and hands out what came by its number, in order', async () => {
    const [left, right] = x11Pair();
    const numbers = files.map((each) => fds.dup(each).take());
    const before = openDescriptors().size;
    const [first = -1, second = -1] = numbers;
    const told = new Promise((resolve) => left.sendFds(Buffer.from('request'), [first], resolve));
    left.write(' plain ');
    left.sendFds(Buffer.from('another'), [second]);
    expect(await told).toBeFalsy();
    let text = '';
    right.on('data', (bytes: Buffer) => (text += String(bytes)));
    while (text.length < 21) await once(right, 'data');
    // What was received took their numbers, and nothing else is open.
    expect(openDescriptors().size).toBe(before);
    const received = [...right.takeFds(1), ...right.takeFds(5)];
    expect(received.map(identity)).toEqual(files.map(({ fd }) => identity(fd)));
    for (const fd of received) closeSync(fd);
    expect(right.takeFds(1)).toEqual([]);
  });

  it('closes what it could not send, and says why', async () => {
    const [left] = x11Pair();
    const number = fds.dup(file(0)).take();
    const failure = new Promise((resolve) => left.sendFds(Buffer.alloc(0), [number], resolve));
    expect(await failure).toMatchObject({ code: 'ERR_FD_WITHOUT_BYTES' });
    expect(() => fstatSync(number)).toThrow('EBADF');
    left.destroy();
    const later = fds.dup(file(0)).take();
    const destroyed = new Promise((resolve) => left.sendFds(Buffer.from('x'), [later], resolve));
    expect(await destroyed).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    expect(() => fstatSync(later)).toThrow('EBADF');
  });

  it('reads no further where 1,024 descriptors wait, goes on when they are taken, and closes the rest', async () => {
    const [ours, theirs] = socketpair();
    const right = createX11Stream(theirs);
    ends.push(ours, right);
    let bytes = 0;
    right.on('data', ({ length }: Buffer) => (bytes += length));
    const sent = Array.from({ length: 12 }, () =>
      ours.send(
        'x',
        Array.from({ length: 253 }, () => file(0)),
      ),
    );
    sent.forEach((each) => void each.catch(() => undefined));
    while (bytes < 5) await new Promise(setImmediate);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(bytes).toBe(5);
    for (const fd of right.takeFds(1000)) closeSync(fd);
    while (bytes < 8) await new Promise(setImmediate);
    right.destroy();
    ours.destroy();
  });
});
