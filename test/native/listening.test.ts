import { closeSync, constants, lstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OwnedFd } from '../../packages/binding';
import { addon, nativeBinding, nativeDescriptors } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { runDirectory } from '../support/children';
import { thrown } from './thrown';

/** O_CLOEXEC, as /proc shows it. */
const CLOSE_ON_EXEC = 0o2000000;

let names = 0;

function newName(): { abstract: string } {
  return { abstract: `ancillary-${process.pid}-${names++}` };
}

/** A listening socket that is not accepting yet, and a way to connect to it. */
function listenSomewhere(onConnection?: (socket: OwnedFd) => void) {
  const address = newName();
  const socket = nativeBinding.socket();
  expect(nativeBinding.bind(socket, address)).toBeUndefined();
  expect(nativeBinding.listen(socket, 200)).toBeUndefined();
  const accepted: OwnedFd[] = [];
  const failures: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const listener = nativeBinding.openListener(socket, {
    connection(connected) {
      accepted.push(connected);
      onConnection?.(connected);
      for (const each of waiting) if (accepted.length >= each.count) each.resolve();
    },
    failed(error) {
      failures.push(error);
    },
  });
  const connected: OwnedFd[] = [];
  return {
    listener,
    accepted,
    connected,
    failures,
    until: (count: number) =>
      new Promise<void>((resolve) => {
        if (accepted.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    connect() {
      const client = nativeBinding.socket();
      connected.push(client);
      expect(nativeBinding.connect(client, address)).toBeUndefined();
    },
    [Symbol.dispose]() {
      listener.close();
      OwnedFd.closeAll(accepted);
      OwnedFd.closeAll(connected);
    },
  };
}

describe('what is known to be a connected socket', () => {
  it('is what was connected or accepted here, until a handle takes it over', async () => {
    using server = listenSomewhere();
    server.listener.accept(true);
    server.connect();
    await server.until(1);
    const [accepted] = server.accepted;
    const [client] = server.connected;
    if (accepted === undefined || client === undefined) throw new Error('nothing was accepted');
    expect([accepted, client].map(({ fd }) => addon.isConnected(fd))).toEqual([true, true]);

    const { fd } = accepted;
    const flags = parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8);
    // As openSocket() does not ask: close-on-exec and non-blocking, as the kernel made it.
    expect(flags & (constants.O_NONBLOCK | CLOSE_ON_EXEC)).toBe(constants.O_NONBLOCK | CLOSE_ON_EXEC);
    expect(addon.openSocket(fd, { read() {}, writable() {}, hangup() {} })).toBe(0);
    expect(addon.isConnected(fd)).toBe(false);
    accepted.take();
    addon.closeHandle(fd);
  });

  it('is not one that has no peer, one that listens, a duplicate, a datagram socket, nor a number that is nobody’s', () => {
    using server = listenSomewhere();
    server.connect();
    const [client] = server.connected;
    if (client === undefined) throw new Error('nothing was connected');
    using unconnected = nativeBinding.socket();
    using duplicate = OwnedFd.ofLedger(nativeDescriptors.dup(client.fd), nativeDescriptors);
    using datagram = nativeBinding.datagramSocket();
    nativeBinding.bind(datagram, newName());
    for (const { fd } of [unconnected, server.listener, duplicate, datagram]) expect(addon.isConnected(fd)).toBe(false);
    for (const fd of [-1, 0, 1_000_000]) expect(addon.isConnected(fd)).toBe(false);
  });

  it('is not a number that another file has by now', () => {
    using server = listenSomewhere();
    server.connect();
    const [client] = server.connected;
    if (client === undefined) throw new Error('nothing was connected');
    const { fd } = client;
    client.close();
    using other = nativeBinding.socket();
    expect(other.fd).toBe(fd);
    expect(addon.isConnected(fd)).toBe(false);
  });
});

describe('a listener', () => {
  it('leaves connections in the backlog until it accepts, and then takes all', async () => {
    using server = listenSomewhere();
    for (let count = 0; count < 150; count++) server.connect();
    await nextTurn();
    await nextTurn();
    expect(server.accepted).toHaveLength(0);
    server.listener.accept(true);
    await server.until(150);
    expect(new Set(server.accepted.map(({ fd }) => identity(fd))).size).toBe(150);
    expect(server.accepted.every(({ fd }) => addon.descriptorFlags(fd) === 1)).toBe(true);
    expect(server.failures).toEqual([]);
  });

  it('stops within a wake-up when told so, and goes on when told so', async () => {
    using server = listenSomewhere(() => {
      server.listener.accept(false);
    });
    server.connect();
    server.connect();
    server.listener.accept(true);
    await server.until(1);
    await nextTurn();
    await nextTurn();
    expect(server.accepted).toHaveLength(1);
    server.listener.accept(true);
    await server.until(2);
  });

  it('may be closed inside the event', async () => {
    using server = listenSomewhere(() => {
      server.listener.close();
    });
    server.connect();
    server.connect();
    server.listener.accept(true);
    await server.until(1);
    await nextTurn();
    await nextTurn();
    expect(server.accepted).toHaveLength(1);
    expect(server.listener.fd).toBe(-1);
    server.listener.accept(true);
    server.listener.ref();
    server.listener.unref();
  });

  it('is not made of a socket that does not listen', () => {
    using socket = nativeBinding.socket();
    const events = { connection: () => undefined, failed: () => undefined };
    expect(thrown(() => nativeBinding.openListener(socket, events))).toMatchObject({ code: 'ERR_FD_KIND' });
    expect(socket.closed).toBe(false);
  });
});

describe('addresses', () => {
  it('are told as they were bound', () => {
    using unnamed = nativeBinding.socket();
    expect(nativeBinding.localAddress(unnamed.fd)).toBeUndefined();
    for (const address of [newName(), { path: path.join(runDirectory(), `native-${process.pid}`) }]) {
      using socket = nativeBinding.socket();
      expect(nativeBinding.bind(socket, address)).toBeUndefined();
      expect(nativeBinding.localAddress(socket.fd)).toEqual(address);
    }
  });

  it('may fill sun_path, less a path’s terminating zero', () => {
    using abstract = nativeBinding.socket();
    const long = newName().abstract.padEnd(107, 'x');
    expect(nativeBinding.bind(abstract, { abstract: `${long}x` })).toBe('ENAMETOOLONG');
    expect(nativeBinding.bind(abstract, { abstract: long })).toBeUndefined();
    expect(nativeBinding.localAddress(abstract.fd)).toEqual({ abstract: long });
    using socket = nativeBinding.socket();
    expect(nativeBinding.connect(socket, { path: '/'.padEnd(108, 'x') })).toBe('ENAMETOOLONG');
    expect(nativeBinding.connect(socket, { path: '/'.padEnd(107, 'x') })).toBe('ENOENT');
  });

  it('that are empty or hide a zero byte are EINVAL', () => {
    using socket = nativeBinding.socket();
    expect(nativeBinding.bind(socket, { path: '' })).toBe('EINVAL');
    expect(nativeBinding.bind(socket, { path: '/tmp/a\0b' })).toBe('EINVAL');
  });

  it('of other things are system errors', () => {
    const pair = new Int32Array(2);
    addon.pipe(pair);
    const [reading = -1, writing = -1] = pair;
    expect(thrown(() => nativeBinding.localAddress(reading))).toMatchObject({
      code: 'ENOTSOCK',
      syscall: 'getsockname',
    });
    nativeDescriptors.closeAll([reading, writing]);
  });
});

describe('the file of a bound socket', () => {
  it('is opened and changed as the very file, also when its path leads elsewhere by then', () => {
    const where = path.join(runDirectory(), `native-file-${process.pid}`);
    using socket = nativeBinding.socket();
    expect(nativeBinding.setMode(socket, 0o600)).toBeUndefined();
    expect(nativeBinding.bind(socket, { path: where })).toBeUndefined();
    const file = nativeBinding.openSocketFile(socket.fd, where);
    if (typeof file === 'string') throw new Error(file);
    const { dev, ino, nlink } = lstatSync(where, { bigint: true });
    expect(file).toMatchObject({ dev, ino, links: nlink, mode: constants.S_IFSOCK | 0o600 });
    expect(addon.descriptorFlags(file.fd.fd)).toBe(1);
    renameSync(where, `${where}-moved`);
    writeFileSync(where, '', { mode: 0o600 });
    expect(nativeBinding.setFileMode(file, 0o640)).toBeUndefined();
    expect(lstatSync(`${where}-moved`).mode & 0o777).toBe(0o640);
    expect(lstatSync(where).mode & 0o777).toBe(0o600);
    file.fd.close();
  });

  it('that is not there is an errno, and so is a descriptor that is none', () => {
    using socket = nativeBinding.socket();
    expect(nativeBinding.openSocketFile(socket.fd, path.join(runDirectory(), 'nothing'))).toBe('ENOENT');
    expect(addon.setFileMode(-1, 0o600)).toBeLessThan(0);
  });

  it('takes an array of four numbers', () => {
    for (const into of [undefined, new BigUint64Array(3), new Uint8Array(64)]) {
      expect(() => addon.openSocketFile(0, Buffer.from('/'), into as BigUint64Array)).toThrow('BigUint64Array');
    }
  });
});

it('a lock is held by one open file at a time', () => {
  const [first, second] = [openSync(runDirectory(), 'r'), openSync(runDirectory(), 'r')];
  expect(nativeBinding.lock(first)).toBeUndefined();
  expect(nativeBinding.lock(second)).toBe('EAGAIN');
  closeSync(first);
  expect(nativeBinding.lock(second)).toBeUndefined();
  closeSync(second);
});
