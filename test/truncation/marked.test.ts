import type { FrameCodec } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { attachedBounded, attachedGreedy, counted, countedBounded, framed } from './codecs';
import { bytesRead, type Came, cut, openPair, takeNext, whole } from './pair';

// onTruncated: 'mark': the frame that lost descriptors says so, and no other frame pays for it.

const codecs: Record<string, FrameCodec<unknown, never>> = {
  'counted, greedy reads': counted,
  'counted, bounded reads': countedBounded,
  'attached, bounded reads': attachedBounded,
  'attached, greedy reads': attachedGreedy,
};
/** Reading pauses after each bundle until its frame is taken, so that its numbers are free again for the next one. */
const options = { onTruncated: 'mark', maxQueuedFds: 1 } as const;

describe.each(Object.entries(codecs))('frames that are %s', (_, codec) => {
  test('coalesced in the kernel: only the frame that did not fit is marked, those around it have exactly theirs', async () => {
    await using pair = openPair(options);
    const expected: Came[] = [];
    for (const [index, count] of [0, 1, 0, 3, 5, 0, 0, 2, 9, 3, 0, 1].entries()) {
      const text = framed(`text ${index % 10}`, count);
      const files = pair.send(text, count);
      expected.push(count > 3 ? cut(text, files, 3) : whole(text, files));
    }
    const frames = pair.socket.frames(codec);
    const came = await withDescriptorLimit(3, () => takeNext(frames, expected.length));
    expect(came).toEqual(expected);
    expect(came.filter(({ truncated }) => truncated)).toHaveLength(2);
  });

  test('split over several sendmsg: the mark is on the frame in which descriptors were lost, in whatever part', async () => {
    await using pair = openPair(options);
    const frames = pair.socket.frames(codec);
    pair.send(framed('plain'));
    const first = pair.send(framed('first', 1), 1);
    const inHeader = pair.send('9', 4);
    for (const part of ['4in ', 'header', framed('plain')]) pair.send(part);
    expect(await withDescriptorLimit(3, () => takeNext(frames, 4))).toEqual([
      whole('50plain'),
      whole('51first', first),
      cut('94in header', inHeader, 3),
      whole('50plain'),
    ]);
    const between = pair.send(framed('between', 2), 2);
    pair.send('74in ');
    const inTail = pair.send('tail', 4);
    const last = [pair.send('4'), pair.send('2las', 1), pair.send('t', 1)].flat();
    expect(await withDescriptorLimit(3, () => takeNext(frames, 3))).toEqual([
      whole('72between', between),
      cut('74in tail', inTail, 3),
      whole('42last', last),
    ]);
  });

  test('a frame that lost all of its descriptors is marked, and the next ones are not', async () => {
    await using pair = openPair(options);
    const lost = framed('lost', 2);
    const files = pair.send(lost, 2);
    pair.send(framed('plain'));
    const frames = pair.socket.frames(codec);
    const came = await withDescriptorLimit(0, () => takeNext(frames, 2));
    expect(came).toEqual([cut(lost, files, 0), whole(framed('plain'))]);
    const next = pair.send(framed('next', 3), 3);
    expect(await takeNext(frames, 1)).toEqual([whole(framed('next', 3), next)]);
  });
});

test('a frame of several bundles keeps those that came before and after the one that was cut', async () => {
  await using pair = openPair({ ...options, maxQueuedFds: 100 });
  const before = pair.send('45te', 2);
  const lost = pair.send('x', 2);
  const frames = pair.socket.frames(counted);
  const { coming } = await withDescriptorLimit(3, async () => {
    const next = takeNext(frames, 1);
    await bytesRead(pair.socket, 5);
    return { coming: next };
  });
  const after = pair.send('t', 1);
  const files = [...before, ...lost.slice(0, 1), ...after];
  expect(await coming).toEqual([{ text: '45text', files, truncated: true }]);
});

test('read at once, the frames before the cut one are whole, and those sent after numbers are free again', async () => {
  await using pair = openPair({ onTruncated: 'mark' });
  const a = pair.send(prefixed('a', 1), 1);
  pair.send(prefixed('b', 0));
  const c = pair.send(prefixed('c', 2), 2);
  const d = pair.send(prefixed('d', 120), 120);
  pair.send(prefixed('e', 0));
  const frames = pair.socket.frames(lengthPrefixed());
  const came = await withDescriptorLimit(100, () => takeNext(frames, 5));
  const f = pair.send(prefixed('f', 3), 3);
  pair.send(prefixed('g', 0));
  const h = pair.send(prefixed('h', 120), 120);
  came.push(...(await takeNext(frames, 3)));
  expect(came).toEqual([
    whole(prefixed('a', 1), a),
    whole(prefixed('b', 0)),
    whole(prefixed('c', 2), c),
    cut(prefixed('d', 120), d, 97),
    whole(prefixed('e', 0)),
    whole(prefixed('f', 3), f),
    whole(prefixed('g', 0)),
    whole(prefixed('h', 120), h),
  ]);
});

/** A frame of lengthPrefixed() whose payload is one letter; its bytes are all ASCII. */
function prefixed(letter: string, count: number): string {
  return `\0\0\0\u0001\0${String.fromCharCode(count)}${letter}`;
}
