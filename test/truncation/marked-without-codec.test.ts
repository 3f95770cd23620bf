import { once } from 'node:events';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { bytesRead, type Came, cut, openPair, take, takeNext, whole } from './pair';

// onTruncated: 'mark' where no codec says what a frame is.

const options = { onTruncated: 'mark', maxQueuedFds: 1 } as const;

test('frames(): the segment whose descriptors were lost is marked, those around it have exactly theirs', async () => {
  await using pair = openPair(options);
  pair.send('plain-');
  const a = pair.send('a', 1);
  const b = pair.send('b', 5);
  const c = pair.send('c', 3);
  pair.send('plain-');
  const d = pair.send('d', 4);
  const e = pair.send('e', 1);
  pair.send('plain');
  const came = await withDescriptorLimit(3, () => takeNext(pair.socket.frames(), 6));
  expect(came).toEqual([
    whole('plain-a', a),
    cut('b', b, 3),
    whole('c', c),
    cut('plain-d', d, 3),
    whole('e', e),
    whole('plain'),
  ]);
});

test('receive(): the bytes whose descriptors were lost are marked, and only the part of them that brings any', async () => {
  await using pair = openPair(options);
  pair.send('plain');
  const a = pair.send('aa', 2);
  const b = pair.send('bbbb', 5);
  const c = pair.send('c', 3);
  const came: Came[] = [];
  await withDescriptorLimit(3, async () => {
    for (const length of [5, 2, 1, 3, 1]) came.push(take(await pair.socket.receive(length)));
  });
  expect(came).toEqual([whole('plain'), whole('aa', a), cut('b', b, 3), whole('bbb'), whole('c', c)]);
});

test('receive(): several cut bundles in one frame mark it once', async () => {
  await using pair = openPair(options);
  const a = pair.send('a', 2);
  const b = pair.send('b', 2);
  pair.send('c', 2);
  const after = pair.send('d', 2);
  const came: Came[] = [];
  await withDescriptorLimit(3, async () => {
    for (const length of [3, 1]) came.push(take(await pair.socket.receive(length)));
  });
  expect(came).toEqual([cut('abc', [...a, ...b], 3), whole('d', after)]);
});

test(`bytes: 'fds' marks the range whose descriptors were lost, also when none came`, async () => {
  await using pair = openPair({ onTruncated: 'mark', maxQueuedFds: 1 });
  const a = pair.send('a', 1);
  const b = pair.send('b', 5);
  pair.send('plain-');
  const c = pair.send('c', 2);
  const came: Came[] = [];
  let text = '';
  pair.socket.on('fds', (frame) => {
    expect(frame.range.start).toBe(text.length);
    came.push(take(frame));
  });
  await withDescriptorLimit(3, async () => {
    pair.socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await bytesRead(pair.socket, 'abplain-c'.length);
  });
  const d = pair.send('d', 2);
  await withDescriptorLimit(0, () => bytesRead(pair.socket, 'abplain-cd'.length));
  const e = pair.send('e', 2);
  await pair.end();
  await once(pair.socket, 'end');
  expect(came).toEqual([whole('a', a), cut('b', b, 3), whole('plain-c', c), cut('d', d, 0), whole('e', e)]);
  expect(text).toBe('abplain-cde');
});
