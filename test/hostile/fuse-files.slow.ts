import { nativeBinding } from '../../packages/binding-native';
import { node, python } from '../support/children';
import { SEND_FUSE_FILES } from '../support/python-fuse';
import { closingProgram } from './closing-program';

// A file of FUSE, whose server is the peer itself: each close of it, and fstat, wait until the server answers (docs/kernel.md 44).

/** Far more than the program takes. */
const SERVES_S = 60;
const HANGS_MS = 2 * SERVES_S * 1000;

/** Runs a program in a Node of its own, where descriptor 3 is a socket on which two such files wait, each with a byte. */
async function run(program: string): Promise<string[]> {
  const [ours, theirs] = nativeBinding.socketpair();
  const peer = python(SEND_FUSE_FILES, { args: ['2', String(SERVES_S)], descriptors: [theirs.fd], cwd: '/' });
  theirs.close();
  expect(await peer.line()).toBe('sent');
  const child = node(closingProgram(program), { descriptors: [ours.fd], timeout: HANGS_MS });
  ours.close();
  const lines = [await child.line(), await child.line()];
  // A process cannot end while its close waits. If it had to wait for the end of the server, SIGALRM was that.
  peer.kill('SIGKILL');
  expect((await peer.finished).signal).toBe('SIGKILL');
  await child.succeeded();
  return lines;
}

it.each([
  ['frame.close()', '(await adopt(3).receive(1)).close();'],
  ['a copy', 'const [fd] = (await adopt(3).receive(1)).fds; const copy = fd.dup(); fd.close(); copy.close();'],
  ['discarding', `await once(adopt(3).resume(), 'discarded');`],
  [
    'destroy() of a socket that was never read',
    `const socket = adopt(3); socket.destroy(); await once(socket, 'close');`,
  ],
  ['describeFd()', 'const frame = await adopt(3).receive(1); fds.describeFd(frame.fds[0]); frame.close();'],
  [
    'toReadStream()',
    `const [fd] = (await adopt(3).receive(1)).fds; fds.toReadStream(fd).on('error', () => {}).destroy();`,
  ],
  [
    'worker.terminate()',
    `const worker = new Worker(
       "const { parentPort, workerData } = require('node:worker_threads');" +
       "const { adopt } = require(workerData);" +
       "adopt(3).receive(1).then((frame) => { globalThis.frame = frame; parentPort.postMessage('held'); });",
       { eval: true, workerData: library });
     await once(worker, 'message');
     await worker.terminate();`,
  ],
])('%s does not wait for the server of a file', async (_, program) => {
  expect(await run(program)).toEqual(['closed', 'and others']);
});
