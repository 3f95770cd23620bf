import { type FdSocket, socketpair } from '../../packages/ancillary';
import { framed, jsonValues, rpc } from '../../packages/rpc';
import { type Child, node } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

// A handler may wait for its peer alone. The process that it runs in must not end before it has learnt of the peer's end.

let ours: FdSocket;
let child: Child;

/** @param serve serves `adopt(3)`; `waits(signal)` is a handler's promise, `runs()` is called when it has begun */
function serving(serve: string): void {
  const [parents, childs] = socketpair({ child: true });
  ours = parents;
  child = node(
    `const { writeSync } = require('node:fs');
    const { once } = require('node:events');
    const { adopt } = require(${JSON.stringify(plainJavaScript())});
    const { rpc } = require(${JSON.stringify(`${plainJavaScript()}/../rpc`)});
    const say = (line) => writeSync(1, line + '\\n');
    const socket = adopt(3);
    const turns = async (count) => { while (count-- > 0) await new Promise(setImmediate); };
    socket.on('end', () => say('read to its end'));
    socket.on('close', () => say('closed'));
    ${serve}`,
    { descriptors: [childs.fd] },
  );
  childs.close();
}

afterEach(async () => {
  ours.destroy();
  await child[Symbol.asyncDispose]();
});

const RPC = `
  const waits = (params, { signal }) => { say('runs'); return once(signal, 'abort').then(() => say('aborted')); };
  const connection = rpc(socket, { waits });
  connection.closed.then(() => say('settled'));`;

test('the process of a handler that waits goes on until the peer is gone, and its signal aborts', async () => {
  serving(RPC);
  const codec = jsonValues();
  const peer = framed(ours, codec);
  await peer.send({ id: 1, method: 'waits' });
  expect(await child.line()).toBe('runs');
  ours.end();
  expect(await child.line()).toBe('read to its end');
  ours.destroy();
  const { stdout } = await child.succeeded();
  expect(stdout.split('\n').slice(2).sort()).toEqual(['', 'aborted', 'closed', 'settled']);
});

test('so does that of a handler which a framework calls', async () => {
  serving(`
    const { fdChannel } = require(${JSON.stringify(`${plainJavaScript()}/../rpc/birpc`)});
    fdChannel(socket).on(() => { say('runs'); return new Promise(() => undefined); });`);
  await framed(ours, jsonValues()).send({ t: 'q', i: 'a', m: 'waits', a: [] });
  expect(await child.line()).toBe('runs');
  ours.end();
  expect(await child.line()).toBe('read to its end');
  ours.destroy();
  const { stdout } = await child.succeeded();
  expect(stdout).toMatch(/closed/);
});

test('so does that of a connection which is not read, since too much was asked of it', async () => {
  serving(`${RPC.replace('{ waits }', '{ waits }, { maxPending: 1 }')}
    (async () => {
      for (let before = -1; before !== socket.bytesRead || before === 0; await turns(100)) before = socket.bytesRead;
      say('paused');
    })();`);
  const client = rpc(ours);
  for (let count = 0; count < 10_000; count++) client.notify('waits').catch(() => undefined);
  expect(await child.line()).toBe('runs');
  expect(await child.line()).toBe('runs');
  expect(await child.line()).toBe('paused');
  ours.destroy();
  const { stdout } = await child.succeeded();
  expect(stdout).toMatch(/settled/);
});

test('one that does not count lets the process end', async () => {
  serving(`${RPC} socket.unref(); process.on('beforeExit', () => say('nothing is left to do'));`);
  expect(await child.line()).toBe('nothing is left to do');
});
