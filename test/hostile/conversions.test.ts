import net from 'node:net';
import { adopt, type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { codeOf, destroyed } from '../socket/sockets';
import { type Child, python } from '../support/children';
import { openDescriptors } from '../support/descriptors';

// What a peer chose to send must not decide whether a descriptor is lost.

/** Sends one descriptor of the kind asked for with each byte that it gets, on descriptor 3. */
const PEER = `
import os, socket
from socket import AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET
peer = socket.socket(fileno=3)
peer.setblocking(True)
def listener(kind):
    made = socket.socket(AF_UNIX, kind)
    made.bind(b'')
    made.listen()
    return made
kinds = {
    b'd': socket.socketpair(AF_UNIX, SOCK_DGRAM)[0],
    b's': socket.socketpair(AF_UNIX, SOCK_SEQPACKET)[0],
    b'l': listener(SOCK_SEQPACKET),
}
while kind := peer.recv(1):
    socket.send_fds(peer, [kind], [kinds[kind].fileno()])
`;

let ours: FdSocket;
let peer: Child;
beforeAll(() => {
  const [left, theirs] = socketpair();
  ours = left;
  peer = python(PEER, { descriptors: [theirs.fd] });
  theirs.destroy();
});
afterAll(async () => {
  ours.end();
  await peer.succeeded();
  await destroyed(ours);
});

async function receive(kind: string): Promise<OwnedFd> {
  await ours.send(kind);
  const { fds: received } = await ours.receive(1);
  const [fd] = received;
  if (fd === undefined) throw new Error('no descriptor came');
  return fd;
}

it.each([
  ['toSocket() of a datagram socket', 'd', (fd: OwnedFd) => fds.toSocket(fd)],
  ['toSocket() of a seqpacket socket', 's', (fd: OwnedFd) => fds.toSocket(fd)],
  ['toServer() of a listening seqpacket socket', 'l', (fd: OwnedFd) => fds.toServer(fd)],
])('%s is ERR_FD_KIND a hundred times over, and the descriptor stays with the caller', async (_what, kind, convert) => {
  const before = openDescriptors().size;
  for (let count = 0; count < 100; count++) {
    const fd = await receive(kind);
    try {
      expect(await codeOf(() => convert(fd))).toBe('ERR_FD_KIND');
    } finally {
      expect(fd.closed).toBe(false);
      fd.close();
    }
  }
  expect(openDescriptors().size).toBe(before);
});

const throwing = (): never => {
  throw Object.assign(new Error('of the user'), { code: 'MINE' });
};

it.each<[string, string, object]>([
  ['a signal that is aborted', 'ABORT_ERR', { signal: AbortSignal.abort() }],
  ['what is no signal', 'ERR_INVALID_ARG_TYPE', { signal: 5 }],
  ['a water mark below 0', 'ERR_INVALID_ARG_VALUE', { highWaterMark: -1 }],
  ['object mode', 'ERR_INVALID_ARG_VALUE', { objectMode: true }],
  ['a descriptor besides', 'ERR_INVALID_ARG_VALUE', { fd: 0 }],
  ['a handle besides', 'ERR_INVALID_ARG_VALUE', { handle: {} }],
  ['a way to destroy it that closes nothing', 'ERR_INVALID_ARG_VALUE', { destroy: () => undefined }],
  ['memory that cannot be had', 'MINE', { onread: { buffer: throwing, callback: () => true } }],
  ['memory that is none', 'ERR_INVALID_ARG_TYPE', { onread: { buffer: () => 'text', callback: () => true } }],
  ['no function to call', 'ERR_INVALID_ARG_TYPE', { onread: { buffer: new Uint8Array(1) } }],
  [
    'a getter that throws',
    'MINE',
    {
      get readable(): never {
        return throwing();
      },
    },
  ],
])('toSocket() with %s fails with %s, and the descriptor stays with the caller', async (_what, code, options) => {
  const [reader, writer] = fds.pipe();
  const number = fds.dup(reader).take();
  for (const fd of [reader, number]) expect(await codeOf(() => fds.toSocket(fd, options))).toBe(code);
  expect(reader.closed).toBe(false);
  OwnedFd.closeAll([reader, writer, OwnedFd.adopt(number)]);
});

it('toServer() with options that are none fails, and the descriptor stays with the caller', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  using copy = fds.dup(server);
  for (const options of [5, null]) {
    expect(await codeOf(() => fds.toServer(copy, options as unknown as net.ServerOpts))).toBe('ERR_INVALID_ARG_TYPE');
  }
  expect(copy.closed).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});

it('a function for the memory of onread is called once for each read, as by net', async () => {
  const [reader, writer] = fds.pipe();
  const buffers: Uint8Array[] = [];
  const read = await new Promise<string>((resolve) => {
    const socket = fds.toSocket(reader, {
      onread: {
        buffer: () => {
          const memory = new Uint8Array(10);
          buffers.push(memory);
          return memory;
        },
        callback: (count, memory) => {
          resolve(Buffer.from(memory.subarray(0, count)).toString());
          socket.destroy();
          return memory === buffers[0];
        },
      },
    });
    fds.toWriteStream(writer).end('some text');
  });
  expect(read).toBe('some text');
});

it('adopt() of a net.Socket whose own destroy() throws leaves it to its user, and closes what was made of it', async () => {
  const [left, right] = socketpair();
  const source = fds.toSocket(fds.dup(left), { manualStart: true } as object);
  const before = openDescriptors().size;
  source.destroy = throwing;
  expect(await codeOf(() => adopt(source))).toBe('MINE');
  await new Promise((resolve) => setImmediate(resolve));
  expect(openDescriptors().size).toBe(before);
  Reflect.deleteProperty(source, 'destroy');
  const closed = new Promise((resolve) => source.on('close', resolve));
  source.destroy();
  await Promise.all([closed, destroyed(left, right)]);
});
