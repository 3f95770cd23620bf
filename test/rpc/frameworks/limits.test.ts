import { expose } from 'comlink';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { fds, type FdSocket, type OwnedFd, socketpair } from '../../../packages/ancillary';
import { contentLength } from '../../../packages/codec';
import { framed, type Framed, give, jsonValues, type ReceivedValue } from '../../../packages/rpc';
import { fdTransport } from '../../../packages/rpc/capnweb';
import { fdEndpoint } from '../../../packages/rpc/comlink';
import { fdMessageConnection } from '../../../packages/rpc/vscode-jsonrpc';
import { Files } from '../../support/files';
import { closed } from '../../support/peer';

// What a peer does to whoever serves it by a framework: it has too much running, does not read, and dies. That no
// descriptor is left is checked after each test.

let sockets: [FdSocket, FdSocket];
let started: number;
let connection: MessageConnection | undefined;

beforeEach(() => {
  sockets = socketpair();
  started = 0;
});

afterEach(async () => {
  await closed(...sockets);
  connection?.dispose();
  connection = undefined;
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

function hang(): Promise<never> {
  started++;
  return new Promise(() => undefined);
}

function big(): string {
  started++;
  return 'x'.repeat(500_000);
}

function file(): object {
  started++;
  return { file: give(fds.memfd('answer')) };
}

/** Until nothing more is started. */
async function quiet(): Promise<void> {
  for (let turns = 0, before = -1; turns < 50; turns++) {
    if (started !== before) turns = 0;
    before = started;
    await turn();
  }
}

interface Peer {
  readonly messages: Framed<ReceivedValue, unknown>;
  request(id: number, method: string, files?: readonly OwnedFd[]): object;
}

const frameworks: Record<string, () => Peer> = {
  comlink() {
    expose({ hang, big, file }, fdEndpoint(sockets[1]));
    return {
      messages: framed(sockets[0], jsonValues()),
      request: (id, method, value = []) => ({
        id: String(id),
        type: 'APPLY',
        path: [method],
        argumentList: [{ type: 'RAW', value }],
      }),
    };
  },
  vscode() {
    connection = fdMessageConnection(createMessageConnection, sockets[1]);
    connection.onRequest('hang', hang);
    connection.onRequest('big', big);
    connection.onRequest('file', file);
    connection.listen();
    return {
      messages: framed(sockets[0], jsonValues({ frames: contentLength({ countField: 'Fd-Count' }) })),
      request: (id, method, params = []) => ({ jsonrpc: '2.0', id, method, params: [params] }),
    };
  },
};

describe.each(Object.keys(frameworks))('%s', (name) => {
  let peer: Peer;

  beforeEach(() => {
    peer = (frameworks[name] as () => Peer)();
  });

  test('one call too many is refused, and descriptors are closed when the peer dies', async () => {
    using files = new Files(129);
    for (let id = 1; id <= 4; id++) await peer.messages.send(peer.request(id, 'hang', files.owned));
    for await (const { value } of peer.messages) {
      expect(JSON.stringify(value)).toContain('the call was not started: 2 calls run, and 1 wait');
      break;
    }
    await until(() => started === 2);
    sockets[0].destroy();
    await until(() => sockets[1].closed);
  });

  describe('a peer that reads no answers makes none beyond', () => {
    test.each([
      ['some MiB', 'big', 200, 100],
      // Of which the kernel takes 278, and each that waits is there twice.
      ['some hundred descriptors', 'file', 1000, 700],
    ])('%s, and is answered when it reads', async (_what, method, calls, most) => {
      for (let id = 1; id <= calls; id++) void peer.messages.send(peer.request(id, method));
      await quiet();
      expect(started).toBeLessThan(most);
      let answers = 0;
      for await (const { fds: received } of peer.messages) {
        expect(received).toHaveLength(method === 'file' ? 1 : 0);
        received[0]?.close();
        if (++answers === calls) break;
      }
      expect(started).toBe(calls);
    });
  });
});

test.each(['ENDPOINT', 'CONSTRUCT'])('comlink makes no MessagePort for %s', async (type) => {
  const peer = (frameworks['comlink'] as () => Peer)().messages;
  const ports = (): number => process.getActiveResourcesInfo().filter((each) => each === 'MessagePort').length;
  const before = ports();
  for (let id = 1; id <= 10; id++) await peer.send({ id: String(id), type, path: ['big'], argumentList: [] });
  let answers = 0;
  for await (const { value } of peer) {
    expect(JSON.stringify(value)).toContain('needs a MessagePort');
    if (++answers === 10) break;
  }
  expect(ports()).toBe(before);
  expect(started).toBe(0);
});

test('Cap’n Web reads no more where results of calls that were never made hold too much, but notices the end', async () => {
  const transport = fdTransport(sockets[1]);
  let received = 0;
  const read = async (): Promise<never> => {
    for (;;) {
      await transport.receive();
      received++;
    }
  };
  const ended = read();
  ended.catch(() => undefined);
  const peer = framed(sockets[0], jsonValues());
  using files = new Files(1);
  for (let id = 1; id <= 400; id++) await peer.send(['resolve', -id, ['bytes', files.owned[0]]]);
  for (let turns = 0, before = -1; turns < 50 || received !== before; turns++) {
    before = received;
    await turn();
  }
  expect(received).toBe(257);
  sockets[0].destroy();
  await expect(ended).rejects.toThrow('the peer has ended');
});
