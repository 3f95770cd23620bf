import fs from 'node:fs';
import path from 'node:path';
import { OwnedFd } from '../../packages/ancillary';
import type { ListeningBinding, SocketBinding } from '../../packages/binding';
import { nativeBinding } from '../../packages/binding-native';
import { listen as listenWith } from '../../packages/stream';
import { python, runDirectory } from '../support/children';
import { codeOf } from '../socket/sockets';

// In a directory that strangers may write to, whatever stands at the path may be replaced at any moment.

type Binding = SocketBinding & ListeningBinding;

let directory: string;
let where: string;
let umask: number;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(runDirectory(), 'bound-'));
  where = path.join(directory, 's');
  // So that the mode has to be made after bind.
  umask = process.umask(0o077);
});
afterEach(() => {
  process.umask(umask);
  fs.rmSync(directory, { recursive: true });
});

const O_PATH = 0o10000000;

/** The kernel as a process without CAP_NET_ADMIN meets it (docs/kernel.md 42). */
const unprivileged: Binding = {
  ...nativeBinding,
  openSocketFile(_, at) {
    const fd = OwnedFd.adopt(fs.openSync(at, O_PATH | fs.constants.O_NOFOLLOW));
    const { dev, ino, mode, nlink: links } = fs.fstatSync(fd.fd, { bigint: true });
    return { fd, dev, ino, mode: Number(mode), links };
  },
};

/** The kernel with a stranger who is always fast enough. */
function attacked(kernel: Binding, attack: () => void): Binding {
  return {
    ...kernel,
    bind(socket, address) {
      const refusal = kernel.bind(socket, address);
      if (refusal === undefined) attack();
      return refusal;
    },
  };
}

function modeOf(file: string): number {
  return fs.statSync(file).mode & 0o777;
}

describe.each([
  ['with CAP_NET_ADMIN', nativeBinding],
  ['without it', unprivileged],
])('listen() %s', (_, kernel) => {
  it('gives the path its mode, whatever the umask', async () => {
    await using server = await listenWith(kernel, { path: where, mode: 0o666 });
    expect(server.listening).toBe(true);
    expect(modeOf(where)).toBe(0o666);
  });

  it('changes nothing where a symbolic link was put in place of the socket: EADDRINUSE', async () => {
    const strange = path.join(directory, 'strange');
    fs.writeFileSync(strange, 'precious', { mode: 0o600 });
    const binding = attacked(kernel, () => {
      fs.renameSync(where, `${where}-away`);
      fs.symlinkSync(strange, where);
    });
    expect(await codeOf(() => listenWith(binding, { path: where, mode: 0o666 }))).toBe('EADDRINUSE');
    expect(modeOf(strange)).toBe(0o600);
    expect(fs.readlinkSync(where)).toBe(strange);
  });

  it('changes no other socket of ours that was linked there', async () => {
    const other = path.join(directory, 'other');
    await using server = await listenWith(kernel, other);
    const binding = attacked(kernel, () => {
      fs.rmSync(where);
      fs.linkSync(other, where);
    });
    expect(await codeOf(() => listenWith(binding, { path: where, mode: 0o666 }))).toBe('EADDRINUSE');
    expect(server.listening).toBe(true);
    expect(modeOf(other)).toBe(0o600);
  });

  it('leaves no path whose mode cannot be made', async () => {
    const binding: Binding = { ...kernel, setFileMode: () => 'ENOENT' };
    await expect(listenWith(binding, { path: where, mode: 0o666 })).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'chmod',
      path: where,
    });
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});

describe('a path where a socket is bound already', () => {
  it.each([
    ['a stream socket that does not listen yet', () => nativeBinding.socket()],
    ['a datagram socket', () => nativeBinding.datagramSocket()],
  ])('is left to %s: EADDRINUSE', async (_, make) => {
    using socket = make();
    expect(nativeBinding.bind(socket, { path: where })).toBeUndefined();
    const { ino } = fs.statSync(where);
    expect(await codeOf(() => listenWith(nativeBinding, where))).toBe('EADDRINUSE');
    expect(fs.statSync(where).ino).toBe(ino);
    socket.close();
    await using server = await listenWith(nativeBinding, where);
    expect(server.listening).toBe(true);
  });

  it('is told without a connection: the server hears nothing of one who is refused', async () => {
    using socket = nativeBinding.socket();
    expect(nativeBinding.bind(socket, { path: where })).toBeUndefined();
    expect(nativeBinding.listen(socket, 5)).toBeUndefined();
    expect(await codeOf(() => listenWith(nativeBinding, where))).toBe('EADDRINUSE');
    const child = python(
      `
import socket
server = socket.socket(fileno=3)
server.setblocking(False)
try:
    server.accept()
    print('a client')
except BlockingIOError:
    print('nobody')
`,
      { descriptors: [socket.fd] },
    );
    expect((await child.succeeded()).stdout).toBe('nobody\n');
  });
});
