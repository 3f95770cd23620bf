import { nativeBinding } from '../../packages/binding-native';
import { type Child, node, python } from '../support/children';
import { SEND_SLOW_DESCRIPTORS } from '../support/slow-descriptors';
import { closingProgram } from './closing-program';

/** Far more than the program takes, and far less than the close does. */
const HANGS_MS = 60_000;

/**
 * Runs a program in a Node of its own, where descriptor 3 is a socket on which so many slow descriptors wait, each with a
 * byte. The program must come to its end, and then what another peer sent must still be closed.
 */
async function run(program: string, count = 1): Promise<string> {
  const [ours, theirs] = nativeBinding.socketpair();
  await using peer: Child = python(SEND_SLOW_DESCRIPTORS, { args: [String(count)], descriptors: [theirs.fd] });
  theirs.close();
  expect(await peer.line()).toBe('sent');
  const child = node(closingProgram(program), {
    descriptors: [ours.fd],
    timeout: HANGS_MS,
    env: { NODE_OPTIONS: '--expose-gc --no-warnings' },
  });
  ours.close();
  const { stdout } = await child.succeeded();
  return stdout;
}

const HOLD_IN_WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { adopt, socketpair } = require(workerData);
  (async () => {
    const socket = adopt(3);
    const frame = await socket.receive(1);
    const [left, right] = socketpair();
    await left.send('x', (await socket.receive(1)).fds, { transfer: true });
    Object.assign(globalThis, { socket, frame, left, right });
    parentPort.postMessage('held');
  })();`;

it.each([
  ['frame.close()', 'const frame = await adopt(3).receive(1); frame.close();'],
  ['OwnedFd.close() of what raw received', 'raw.receiveMessage(3, Buffer.alloc(1)).fds[0].close();'],
  ['a copy', 'const [fd] = (await adopt(3).receive(1)).fds; const copy = fd.dup(); fd.close(); copy.close();'],
  [
    'a number that was taken, and adopted again',
    'const [fd] = (await adopt(3).receive(1)).fds; OwnedFd.adopt(fd.take()).close();',
  ],
  ['discarding', `const socket = adopt(3).resume(); await once(socket, 'discarded');`],
  [
    'destroy() of a socket that was never read',
    `const socket = adopt(3); socket.destroy(); await once(socket, 'close');`,
  ],
  [
    'destroy() of a socket of our own that was never read',
    `const [left, right] = socketpair();
     await left.send('x', (await adopt(3).receive(1)).fds, { transfer: true });
     right.destroy();`,
  ],
  ['closing the OwnedFd of a socket that was never read', 'OwnedFd.adopt(3).close();'],
  [
    'destroy() of a socket of our own, with a byte out of band in front,',
    `const [left, right] = socketpair();
     await sendSlow(left.fd, 'a', '!', 'x');
     right.destroy();`,
  ],
  [
    'destroy() of a socket of our own, with a byte out of band that has it,',
    `const [left, right] = socketpair();
     await sendSlow(left.fd, '', '!', '');
     right.destroy();`,
  ],
  [
    'refusing a connection, with a byte out of band that has it,',
    `const address = { abstract: 'ancillary-slow-' + process.pid };
     let decide;
     const server = await listen(address, { authorize: () => new Promise((resolve) => { decide = resolve; }) });
     server.on('connection', () => undefined);
     const client = await connect(address);
     while (decide === undefined) await new Promise(setImmediate);
     await sendSlow(client.fd, '', '!', '');
     decide(false);
     await once(server, 'refused');`,
  ],
  [
    'destroy() of a net.Socket that was adopted',
    `const { accepted, client } = await acceptByNet();
     await sendSlow(client.fd, '', '', 'x');
     adopt(accepted).destroy();`,
  ],
  [
    'closing a copy of a net.Socket',
    `const { accepted, client } = await acceptByNet();
     await sendSlow(client.fd, '', '', 'x');
     const copy = fds.dup(accepted);
     accepted.destroy();
     await new Promise(setImmediate);
     copy.close();`,
  ],
  [
    'server.close() with a connection that nobody accepted',
    `const address = { abstract: 'ancillary-slow-' + process.pid };
     const server = await listen(address);
     const client = await connect(address);
     await client.send('x', (await adopt(3).receive(1)).fds, { transfer: true });
     await server.close();
     await (await listen(address)).close();`,
  ],
  [
    'one that was forgotten',
    `const warned = once(process, 'warning');
     await (async () => { await adopt(3).receive(1); })();
     const collect = setInterval(gc, 5);
     await warned;
     clearInterval(collect);`,
  ],
])('%s does not wait for whoever sent it', async (_, program) => {
  expect(await run(program)).toBe('closed\nand others\n');
});

it('worker.terminate() does not wait for what the worker held', async () => {
  const program = `
    const worker = new Worker(${JSON.stringify(HOLD_IN_WORKER)}, { eval: true, workerData: library });
    await once(worker, 'message');
    await worker.terminate();`;
  expect(await run(program, 2)).toBe('closed\nand others\n');
});

it('twenty connections hold up none but themselves', async () => {
  const program = `
    const socket = adopt(3);
    const open = [];
    for (let count = 0; count < 20; count++) {
      const pair = socketpair();
      open.push(pair);
      await pair[0].send('x', (await socket.receive(1)).fds, { transfer: true });
      (await pair[1].receive(1)).close();
      await closeOther();
    }`;
  expect(await run(program, 20)).toBe('closed\nand others\n');
});

it('one peer holds up none but itself, however many it sends', async () => {
  const program = `
    const socket = adopt(3);
    for (let count = 0; count < 40; count++) {
      (await socket.receive(1)).close();
      // Each for itself: while it does not come back, another thread has taken over.
      await closeOther();
    }`;
  expect(await run(program, 40)).toBe('closed\nand others\n');
});
