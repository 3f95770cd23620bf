import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { connect, createConnection, type FdSocket, fds, type OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { destroyed } from '../socket/sockets';
import { expectOpenIn, openIn, recipe, socketPath } from './recipe';

// HTTP over FdSocket, with connections that are kept, timeouts, and an upgrade that goes on in frames, as the recipes do it.

const codec = lengthPrefixed();
const UPGRADE = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n';
const ASK = codec.encode({ bytes: Buffer.from('red') }).bytes;

test('the program does what it says', async () => {
  const { stdout, stderr } = await recipe('http-frames').succeeded();
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual([
    ...['served /one', 'served /two', 'served /three', 'connections: 1'],
    ...['no answer', 'disconnected', 'red: all about red', ''],
  ]);
});

let address: string;
let agent: http.Agent;
beforeEach(() => {
  address = socketPath();
  agent = new http.Agent({ keepAlive: true });
  Object.assign(agent, { createConnection: () => createConnection(address) });
});

/** An upgraded connection, with the first frames right behind the request, and what the server answered. */
async function honest(): Promise<string> {
  const [response] = (await once(http.get({ path: '/page', agent }), 'response')) as [http.IncomingMessage];
  const page = await text(response);
  const socket = await connect(address);
  await socket.send(Buffer.concat([Buffer.from(UPGRADE), ASK]));
  const head = await untilHeadEnds(socket);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  for await (const frame of socket.frames(codec)) {
    const { bytes, fds: documents } = codec.decode(frame);
    const contents = await Promise.all(documents.map((each) => text(fds.toReadStream(each))));
    await destroyed(socket);
    return `${page}, ${bytes.toString()}: ${contents.join()}`;
  }
  throw new Error('no frame came');
}

/** Byte by byte, so that the frames behind it stay in the socket. */
async function untilHeadEnds(socket: FdSocket): Promise<string> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await socket.receive(1)).bytes.toString();
  return head;
}

/** Something came; whatever was attached to it is closed. */
async function answered(socket: FdSocket): Promise<void> {
  (await socket.receive(1)).close();
}

type Attack = (socket: FdSocket, file: OwnedFd) => unknown;
const upgraded = async (socket: FdSocket): Promise<void> => {
  socket.write(UPGRADE);
  await untilHeadEnds(socket);
};
const attacks: Record<string, Attack> = {
  'hangs up at once': () => undefined,
  'hangs up inside a request': (socket) => socket.send('GET /page HT'),
  'sends what is no request': (socket) => socket.send('\0\0\0\0'),
  'sends descriptors with a request': async (socket, file) => {
    await socket.send('GET /page HTTP/1.1\r\nHost: x\r\n\r\n', Array<OwnedFd>(20).fill(file));
    await answered(socket);
  },
  'hangs up before it is answered': (socket) => socket.send('GET /never HTTP/1.1\r\nHost: x\r\n\r\n'),
  'upgrades to something else': async (socket) => {
    await socket.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    await answered(socket);
  },
  'upgrades and hangs up': (socket) => socket.send(UPGRADE),
  'upgrades and hangs up inside a frame': (socket) =>
    socket.send(Buffer.concat([Buffer.from(UPGRADE), ASK.subarray(0, 5)])),
  'upgrades, with descriptors that the frame has not': (socket, file) =>
    socket.send(Buffer.concat([Buffer.from(UPGRADE), ASK]), [file, file]),
  'announces more than it may': async (socket) => {
    await upgraded(socket);
    await socket.send(Buffer.alloc(6, 0xff));
    await answered(socket);
  },
  'sends surplus descriptors in a frame': async (socket, file) => {
    await upgraded(socket);
    await socket.send(ASK, Array<OwnedFd>(20).fill(file));
    await answered(socket);
  },
  'resets with answers unread': async (socket) => {
    await upgraded(socket);
    for (let count = 0; count < 20; count++) await socket.send(ASK);
    await answered(socket);
  },
};

test('a peer that hangs up or breaks the protocol ends its own connection alone, and nothing stays open', async () => {
  await using server = recipe('http-frames', [address]);
  expect(await server.line()).toBe(`listening at ${address}`);
  const before = openIn(server);
  using file = fds.memfd('file');
  for (const [name, attack] of Object.entries(attacks)) {
    const socket = await connect(address);
    socket.on('error', () => undefined);
    // Where the server has hung up already, there is nothing to be read.
    await Promise.resolve(attack(socket, file)).catch(() => undefined);
    await destroyed(socket);
    expect([name, await honest()]).toEqual([name, 'served /page, red: all about red']);
  }
  agent.destroy();
  await expectOpenIn(server, before);
});
