import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { AncillaryError, fds, OwnedFd } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { runDirectory } from '../support/children';
import { identity } from '../support/descriptors';

/** /proc says in octal which flags a descriptor has; close-on-exec is 02000000. */
function closeOnExec(fd: number): boolean {
  const flags = /^flags:\s+(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
  return (parseInt(flags, 8) & 0o2000000) !== 0;
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

function kindError(): Error {
  return expect.objectContaining({ code: 'ERR_FD_KIND' }) as Error;
}

it('SCM_MAX_FD is 253', () => {
  expect(fds.SCM_MAX_FD).toBe(253);
});

it('pipe() gives a read end and a write end, close-on-exec', async () => {
  const [reader, writer] = fds.pipe();
  expect([closeOnExec(reader.fd), closeOnExec(writer.fd)]).toEqual([true, true]);
  expect(fds.describeFd(reader)).toMatchObject({ kind: 'pipe', access: 'read' });
  expect(fds.describeFd(writer)).toMatchObject({ kind: 'pipe', access: 'write' });
  const input = fds.toReadStream(reader);
  const output = fds.toWriteStream(writer);
  expect([reader.closed, writer.closed]).toEqual([true, true]);
  output.end('through the pipe');
  expect(await text(input)).toBe('through the pipe');
  for (const stream of [input, output]) if (!stream.closed) await once(stream, 'close');
});

it('memfd() holds the data and stands at its start; sealed, nothing can change it', () => {
  using open = fds.memfd('open', Buffer.from('data'));
  expect(fds.describeFd(open)).toMatchObject({
    kind: 'memfd',
    access: 'read-write',
    size: 4n,
    position: 0n,
    seals: [],
  });
  fs.writeSync(open.fd, 'DATA', 0);
  expect(fs.readFileSync(open.fd, 'utf8')).toBe('DATA');
  using sealed = fds.memfd('sealed', Buffer.from('data'), { seal: true });
  expect(fds.describeFd(sealed).seals).toEqual(['seal', 'shrink', 'grow', 'write']);
  expect(() => fs.writeSync(sealed.fd, 'DATA', 0)).toThrow(expect.objectContaining({ code: 'EPERM' }) as Error);
  expect(() => fs.ftruncateSync(sealed.fd, 100)).toThrow(expect.objectContaining({ code: 'EPERM' }) as Error);
  expect(closeOnExec(sealed.fd)).toBe(true);
  expect(() => fds.memfd('x'.repeat(300))).toThrow(expect.objectContaining({ code: 'EINVAL' }) as Error);
});

it('dup() shares the open file and its position', () => {
  using memfd = fds.memfd('x', Buffer.from('abc'));
  using copy = fds.dup(memfd);
  expect(identity(copy.fd)).toBe(identity(memfd.fd));
  expect(closeOnExec(copy.fd)).toBe(true);
  fs.readSync(memfd.fd, Buffer.alloc(2));
  expect(fds.describeFd(copy).position).toBe(2n);
  expect(() => fds.dup(999_999)).toThrow(expect.objectContaining({ code: 'EBADF' }) as Error);
});

describe('describeFd()', () => {
  it.each([
    ['file', __filename, fs.constants.O_RDONLY, { kind: 'file', access: 'read', path: __filename }],
    ['directory', __dirname, fs.constants.O_RDONLY, { kind: 'directory', access: 'read', path: __dirname }],
    ['device', '/dev/null', fs.constants.O_WRONLY, { kind: 'character-device', access: 'write', path: '/dev/null' }],
    ['O_PATH', __filename, 0o10000000, { kind: 'file', access: 'path' }],
  ])('a %s', (_, name, flags, expected) => {
    using fd = OwnedFd.adopt(fs.openSync(name, flags));
    const { dev, ino } = fs.statSync(name, { bigint: true });
    expect(fds.describeFd(fd)).toMatchObject({ ...expected, fd: fd.fd, dev, ino });
  });

  it('Unix sockets: unconnected, bound, listening, connected', () => {
    using listening = nativeBinding.socket();
    using client = nativeBinding.socket();
    expect(fds.describeFd(client)).toMatchObject({ kind: 'unix-socket', access: 'read-write', listening: false });
    const where = path.join(runDirectory(), `describe-${process.pid}`);
    nativeBinding.bind(listening, { path: where });
    nativeBinding.listen(listening, 1);
    expect(fds.describeFd(listening)).toMatchObject({ listening: true, address: where });
    nativeBinding.connect(client, { path: where });
    expect(fds.describeFd(client)).toMatchObject({ listening: false, peer: where });
    fs.rmSync(where);
  });

  it('TCP sockets: listening and connected, with addresses', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, '127.0.0.1');
    const [connection] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    expect(fds.describeFd(server)).toMatchObject({ kind: 'tcp-socket', listening: true, address: `127.0.0.1:${port}` });
    expect(fds.describeFd(client)).toMatchObject({ kind: 'tcp-socket', listening: false, peer: `127.0.0.1:${port}` });
    client.destroy();
    (connection[0] as net.Socket).destroy();
    server.close();
    await once(server, 'close');
  });

  it('throws for what is not open or no descriptor', () => {
    expect(() => fds.describeFd(999_999)).toThrow(expect.objectContaining({ code: 'EBADF' }) as Error);
    expect(() => fds.describeFd(-1)).toThrow(AncillaryError);
    expect(() => fds.describeFd('3' as unknown as number)).toThrow(TypeError);
  });
});

describe('streams and sockets of a descriptor', () => {
  it('toReadStream() goes on where the file stands', async () => {
    const memfd = fds.memfd('x', Buffer.from('skipped|kept'));
    fs.readSync(memfd.fd, Buffer.alloc(8));
    const stream = fds.toReadStream(memfd);
    expect(await text(stream)).toBe('kept');
    if (!stream.closed) await once(stream, 'close');
  });

  it('the wrong kind is ERR_FD_KIND and leaves the descriptor with the caller', () => {
    const [reader, writer] = fds.pipe();
    using memfd = fds.memfd('x');
    using socket = nativeBinding.socket();
    const directory = OwnedFd.adopt(fs.openSync(__dirname, 'r'));
    expect(() => fds.toReadStream(writer)).toThrow(kindError());
    expect(() => fds.toWriteStream(reader)).toThrow(kindError());
    expect(() => fds.toSocket(memfd)).toThrow(kindError());
    expect(() => fds.toServer(socket)).toThrow(kindError());
    expect(() => fds.toReadStream(directory)).toThrow(kindError());
    expect(() => fds.toServer(memfd)).toThrow(kindError());
    expect(() => fds.toReadStream(socket)).toThrow(kindError());
    for (const owned of [reader, writer, memfd, socket, directory]) expect(owned.closed).toBe(false);
    OwnedFd.closeAll([reader, writer, directory]);
  });

  it('toSocket() and toServer() take over what works with net', async () => {
    const [left, right] = nativeBinding.socketpair();
    const first = fds.toSocket(left);
    const second = fds.toSocket(right.take());
    first.end('hello');
    expect(await text(second)).toBe('hello');
    for (const socket of [first, second]) socket.destroy();
    for (const socket of [first, second]) if (!socket.closed) await once(socket, 'close');
  });
});
