import { Worker } from 'node:worker_threads';
import { adopt, fds, socketpair } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { built } from '../support/built';
import { c, node } from '../support/children';

const FLOOD = `
#include <unistd.h>
static char block[65536];
int main(void) {
  while (write(3, block, sizeof block) > 0) {}
  return 0;
}
`;

it('reads in bounded turns: timers and other sockets go on while one socket is flooded', async () => {
  const [ours, theirs] = nativeBinding.socketpair();
  // Blocking, for the child: the flag belongs to the open file that both share.
  await using flooding = c(`#include <fcntl.h>\n${FLOOD.replace('while', 'fcntl(3, F_SETFL, 0);\n  while')}`, {
    descriptors: [theirs.fd],
  });
  theirs.close();
  const flooded = adopt(ours);
  let bytes = 0;
  flooded.on('data', (chunk: Buffer) => (bytes += chunk.length));
  const [left, right] = socketpair();
  using file = fds.memfd('sent');
  for (let round = 0; round < 20; round++) {
    const before = bytes;
    await left.send('ping', [file]);
    (await right.receive(4)).close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    // It must have been flooded meanwhile, or the round proves nothing.
    for (let turn = 0; turn < 100_000 && bytes === before; turn++) await new Promise(setImmediate);
    expect(bytes).toBeGreaterThan(before);
  }
  for (const socket of [flooded, left, right]) socket.destroy();
  await flooding.finished;
});

it('works on the loop of the worker that uses it, while the main thread stands still', async () => {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const source = `
    const { fds, socketpair } = require(${JSON.stringify(built())});
    const { workerData } = require('node:worker_threads');
    (async () => {
      const [left, right] = socketpair();
      const file = fds.memfd('sent');
      await left.send('x', [file]);
      const frame = await right.receive(1);
      const same = fds.describeFd(frame.fds[0]).ino === fds.describeFd(file).ino;
      frame.close();
      file.close();
      left.destroy();
      right.destroy();
      Atomics.store(workerData, 0, same ? 1 : 2);
      Atomics.notify(workerData, 0);
    })();
  `;
  const worker = new Worker(source, { eval: true, workerData: done });
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve));
  expect(Atomics.wait(done, 0, 0, 20_000)).not.toBe('timed-out');
  expect(Atomics.load(done, 0)).toBe(1);
  expect(await exited).toBe(0);
});

it('goes on when signals interrupt it (EINTR)', async () => {
  const source = `
    const { fds, socketpair } = require(${JSON.stringify(built())});
    const { lengthPrefixed } = require(${JSON.stringify(built('codec'))});
    let signals = 0;
    process.on('SIGUSR2', () => signals++);
    (async () => {
      const codec = lengthPrefixed();
      const [left, right] = socketpair();
      const file = fds.memfd('sent');
      const { ino } = fds.describeFd(file);
      console.log('ready');
      async function send() {
        for (let count = 0; count < 3000; count++) {
          const { bytes } = codec.encode({ bytes: Buffer.alloc(3000, count), fds: [file] });
          await left.send(bytes, [file]);
        }
        left.end();
      }
      const sending = send();
      let right_ones = 0;
      for await (const frame of right.frames(codec)) {
        if (frame.fds.length === 1 && fds.describeFd(frame.fds[0]).ino === ino) right_ones++;
        frame.close();
      }
      await sending;
      console.log(JSON.stringify({ frames: right_ones, interrupted: signals > 0 }));
      process.exit();
    })();
  `;
  await using child = node(source);
  await child.line();
  const ended = new AbortController();
  const outcome = child.succeeded().finally(() => {
    ended.abort();
  });
  outcome.catch(() => undefined);
  for (let count = 0; count < 1_000_000 && !ended.signal.aborted; count++) {
    child.kill('SIGUSR2');
    await new Promise(setImmediate);
  }
  const { stdout } = await outcome;
  expect(JSON.parse(stdout.split('\n')[1] ?? '')).toEqual({ frames: 3000, interrupted: true });
});
