import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { OwnedFd, type SocketHandle } from '../../packages/binding';
import { addon, nativeBinding, nativeDescriptors } from '../../packages/binding-native';
import { openEnds, put, Recorder } from './recorder';
import { thrown } from './thrown';

const { constants } = addon;
const O_NONBLOCK = 0o4000;

/** Tries to open a descriptor that is no connected Unix stream socket, and sees that it is left alone. */
function refusal(socket: OwnedFd): unknown {
  const error = thrown(() => nativeBinding.open(socket, new Recorder()));
  expect(socket.closed).toBe(false);
  expect(nativeDescriptors.isOpen(socket.fd)).toBe(true);
  socket.close();
  return error;
}

function owned(fd: number): OwnedFd {
  nativeDescriptors.own(fd);
  return OwnedFd.ofLedger(fd, nativeDescriptors);
}

describe('open', () => {
  it('sets O_NONBLOCK, FD_CLOEXEC and SO_OOBINLINE, and takes the socket over', () => {
    const [ours, peer] = nativeBinding.socketpair();
    const { fd } = ours;
    const socket = nativeBinding.open(ours, new Recorder());
    expect(ours.closed).toBe(true);
    expect(socket.fd).toBe(fd);
    expect(addon.statusFlags(fd) & O_NONBLOCK).toBe(O_NONBLOCK);
    expect(addon.descriptorFlags(fd)).toBe(1);
    expect(addon.getSocketOption(fd, constants.SO_OOBINLINE)).toBe(1);
    expect(socket.peerCredentials()).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    socket.close();
    peer.close();
  });

  it('refuses what is no socket, and says what it is', () => {
    expect(refusal(owned(openSync('/dev/null', 'r')))).toMatchObject({
      code: 'ERR_FD_KIND',
      message: expect.stringContaining('is /dev/null, not a connected Unix stream socket') as string,
    });
  });

  it('refuses a Unix socket that is not connected, and one that listens', () => {
    expect(refusal(nativeBinding.socket())).toMatchObject({
      code: 'ERR_FD_KIND',
      message: expect.stringContaining('an unconnected Unix stream socket') as string,
    });
    const listening = nativeBinding.socket();
    expect(nativeBinding.bind(listening, { abstract: `ancillary-open-${process.pid}` })).toBeUndefined();
    expect(nativeBinding.listen(listening, 1)).toBeUndefined();
    expect(refusal(listening)).toMatchObject({
      code: 'ERR_FD_KIND',
      message: expect.stringContaining('a listening Unix stream socket') as string,
    });
  });

  it('refuses an internet socket', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    expect(refusal(OwnedFd.ofLedger(nativeDescriptors.dup(fd), nativeDescriptors))).toMatchObject({
      code: 'ERR_FD_KIND',
      message: expect.stringContaining('a listening IPv4 stream socket') as string,
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses a number that is closed', () => {
    const fd = openSync('/dev/null', 'r');
    const stale = owned(fd);
    closeSync(fd);
    expect(thrown(() => nativeBinding.open(stale, new Recorder()))).toMatchObject({ code: 'EBADF' });
    stale.take();
  });

  it('refuses a number that another handle polls', () => {
    using ends = openEnds();
    const { fd } = ends.socket;
    expect(addon.openSocket(fd, { read: () => undefined, writable: () => undefined, hangup: () => undefined })).toBe(
      -17,
    );
  });
});

it('a number that an async hook opens while it is being opened stays with the hook', async () => {
  const [ours, peer] = nativeBinding.socketpair();
  using recorder = new Recorder();
  let inner: SocketHandle | undefined;
  let sockets = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'ANCILLARYSOCKET' && ++sockets === 1) inner = nativeBinding.open(ours, recorder);
    },
  }).enable();
  expect(thrown(() => nativeBinding.open(ours, new Recorder()))).toMatchObject({ code: 'EEXIST' });
  hook.disable();
  expect(ours.closed).toBe(true);
  inner?.allowReading(Infinity, Infinity);
  put(peer, 'x');
  await recorder.until(() => recorder.text === 'x');
  inner?.close();
  peer.close();
});

describe('callbacks', () => {
  it('see the async context in which the socket was opened', async () => {
    const storage = new AsyncLocalStorage<string>();
    using ends = storage.run('opened', openEnds);
    let seen: string | undefined;
    ends.recorder.onEvent = () => {
      seen = storage.getStore();
    };
    ends.socket.allowReading(Infinity, Infinity);
    put(ends.peer, 'x');
    await ends.recorder.until(() => ends.recorder.text === 'x');
    expect(seen).toBe('opened');
  });

  it('have their microtasks and ticks done before the next one', async () => {
    using first = openEnds();
    using second = openEnds();
    const seen: string[] = [];
    for (const [name, ends] of Object.entries({ first, second })) {
      ends.recorder.onEvent = () => {
        process.nextTick(() => seen.push(`${name} tick`));
        queueMicrotask(() => seen.push(`${name} microtask`));
      };
      put(ends.peer, 'x');
      ends.socket.allowReading(Infinity, Infinity);
    }
    await Promise.all([first, second].map(({ recorder }) => recorder.until(() => recorder.text === 'x')));
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
    const names = seen.map((each) => each.split(' ')[0]);
    expect(seen).toHaveLength(4);
    expect(names[0]).toBe(names[1]);
    expect(names[2]).toBe(names[3]);
  });
});
