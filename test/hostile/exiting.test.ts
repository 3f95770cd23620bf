import { once } from 'node:events';
import { OwnedFd, socketpair } from '../../packages/ancillary';
import { node } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';
import { destroyed } from '../socket/sockets';

// What is sent within an 'exit' handler is sent: no microtask comes after it.

async function sentBy(program: string): Promise<string> {
  const [ours, theirs] = socketpair();
  const source = `
    const { adopt, socketpair } = require(${JSON.stringify(plainJavaScript())});
    const socket = adopt(3);
    ${program}`;
  const child = node(source, { descriptors: [theirs.fd] });
  await destroyed(theirs);
  let text = '';
  ours.on('fds', (frame) => {
    text += `(${frame.fds.length})`;
    OwnedFd.closeAll(frame.fds);
  });
  ours.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ours, 'end');
  await child.succeeded();
  await destroyed(ours);
  return text;
}

const send = `for (const text of ['a', 'b', 'c']) socket.send(text);`;

it.each([
  ['when the process ends by itself', `process.on('exit', () => { ${send} });`],
  ['when it calls exit()', `process.on('exit', () => { ${send} }); setImmediate(() => process.exit(0));`],
  ['from a handler before those of this package', `process.prependListener('exit', () => { ${send} });`],
  ['sent right before exit()', `${send} process.exit(0);`],
  ['by a socket made there', `process.on('exit', () => { socketpair()[0].send('x'); ${send} });`],
  [
    'behind others of the same turn',
    `process.on('exit', () => { socket.send('b'); socket.send('c'); }); socket.send('a'); process.exit(0);`,
  ],
])('%s', async (_when, program) => {
  expect(await sentBy(program)).toBe('abc');
});

it('descriptors, too, in order', async () => {
  const program = `process.on('exit', () => { socket.send('a'); socket.send('b', [0]); socket.send('c'); });`;
  expect(await sentBy(program)).toMatch(/^a?\(1\)a?bc$/);
});

it('in a worker thread', async () => {
  const program = `
    const { Worker } = require('node:worker_threads');
    const { fds } = require(${JSON.stringify(plainJavaScript())});
    const workerData = fds.dup(socket).take();
    socket.destroy();
    const source = \`
      const socket = require(${JSON.stringify(plainJavaScript())}).adopt(require('node:worker_threads').workerData);
      process.on('exit', () => { ${send} });\`;
    new Worker(source, { eval: true, workerData, trackUnmanagedFds: false });`;
  expect(await sentBy(program)).toBe('abc');
});
