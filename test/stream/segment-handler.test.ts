import { fds, type OwnedFd, raw } from '../../packages/ancillary';
import { takeOver } from '../../packages/stream';
import { until } from '../hostile/until';
import { type BarePeer, withBarePeer } from '../support/bare-peer';

let ends: BarePeer;
let file: OwnedFd;
beforeEach(() => {
  ends = withBarePeer();
  file = fds.memfd('file');
});
afterEach(() => {
  ends[Symbol.dispose]();
  file.close();
});

const put = (text: string, ...files: OwnedFd[]): unknown => raw.sendMessage(ends.peer, Buffer.from(text), files);

it('hands over what comes while it waits, in order, with descriptors and without', async () => {
  const { socket } = ends;
  const seen: unknown[] = [];
  const reading = socket[takeOver]('a test').forEachFrame((frame) => {
    seen.push([String(frame.bytes), frame.fds.length, frame.range, frame.ambiguous]);
    frame.close();
  });
  const received = [1, 3, 6];
  for (const [index, files] of [[], [file], []].entries()) {
    put('x'.repeat(index + 1), ...files);
    await until(() => socket.stats.bytesRead === received[index]);
  }
  ends.peer.close();
  await reading;
  expect(seen).toEqual([
    ['x', 0, { start: 0, end: 1 }, false],
    ['xx', 1, { start: 1, end: 3 }, false],
    ['xxx', 0, { start: 3, end: 6 }, false],
  ]);
  expect(socket.stats.framesReceived).toBe(3);
});

it('hands over nothing while it waits for a promise of its handler, and then all that came', async () => {
  const { socket } = ends;
  const seen: string[] = [];
  let goOn: (() => void) | undefined;
  void socket[takeOver]('a test').forEachFrame((frame) => {
    seen.push(String(frame.bytes));
    return new Promise<void>((resolve) => (goOn = resolve));
  });
  put('a');
  await until(() => seen.length === 1);
  put('b');
  await until(() => socket.stats.bytesRead === 2);
  put('c');
  await until(() => socket.stats.bytesRead === 3);
  expect(seen).toEqual(['a']);
  while (seen.join('') !== 'abc') {
    goOn?.();
    await new Promise(setImmediate);
  }
  socket.destroy();
});
