import { nativeBinding } from '../../packages/binding-native';
import { type Child, node, python } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

// Closing a descriptor can take as long as whoever sent it likes. Here it is a TCP socket with SO_LINGER and bytes that its
// other end never takes: the close that is the last one waits for ten minutes.

const SLOW = `
import array, signal, socket, struct, sys
peer = socket.socket(fileno=3)
kept = []
for each in range(int(sys.argv[1])):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    slow = socket.create_connection(listener.getsockname())
    kept += [listener, listener.accept()]
    slow.setblocking(False)
    try:
        while True: slow.send(bytes(65536))
    except BlockingIOError: pass
    slow.setblocking(True)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 600))
    peer.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [slow.fileno()]))])
    slow.close()
print('sent', flush=True)
signal.pause()
`;

/** Far more than the program takes, and far less than the close does. */
const HANGS_MS = 60_000;

/**
 * Runs a program in a Node of its own, where descriptor 3 is a socket on which so many slow descriptors wait, each with a
 * byte. The program must come to its end, and then what another peer sent must still be closed.
 */
async function run(program: string, count = 1): Promise<string> {
  const [ours, theirs] = nativeBinding.socketpair();
  await using peer: Child = python(SLOW, { args: [String(count)], descriptors: [theirs.fd] });
  theirs.close();
  expect(await peer.line()).toBe('sent');
  const child = node(
    `
    const { once } = require('node:events');
    const { Worker } = require('node:worker_threads');
    const { text } = require('node:stream/consumers');
    const library = ${JSON.stringify(plainJavaScript())};
    const { adopt, connect, fds, listen, OwnedFd, raw, socketpair } = require(library);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    async function main() {
      ${program}
      console.log('closed');
      const others = socketpair();
      const [reader, writer] = fds.pipe();
      others[0].send('y', [writer], { transfer: true });
      (await others[1].receive(1)).close();
      console.log(await text(fds.toReadStream(reader)) === '' ? 'and others' : '?');
      process.exit();
    }
    main();`,
    { descriptors: [ours.fd], timeout: HANGS_MS, env: { NODE_OPTIONS: '--expose-gc --no-warnings' } },
  );
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

it('one peer holds up none but itself, however many it sends', async () => {
  const program = `
    const socket = adopt(3);
    for (let count = 0; count < 40; count++) {
      (await socket.receive(1)).close();
      // Each for itself, and long enough for another thread to take over.
      await new Promise((resolve) => setTimeout(resolve, 15));
    }`;
  expect(await run(program, 40)).toBe('closed\nand others\n');
});
