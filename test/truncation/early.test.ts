import type { Discarded } from '../../packages/ancillary';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { early, framed } from './codecs';
import { cut, openPair, takeNext, whole } from './pair';

// descriptors: 'early': frames count their descriptors off in arrival order. Behind a gap nothing can be counted off any
// more, so a frame that is short of descriptors there gets none at all rather than somebody else's.

const options = { onTruncated: 'mark', maxQueuedFds: 1 } as const;

test('descriptors that ride ahead fill frames in order until the gap, and every frame short of some is marked', async () => {
  await using pair = openPair(options);
  const ahead = pair.send(framed('one', 1), 4);
  pair.send(framed('two', 2));
  pair.send(framed('three', 1));
  pair.send(framed('four'));
  const frames = pair.socket.frames(early);
  const came = await withDescriptorLimit(2, () => takeNext(frames, 4));
  expect(came).toEqual([
    whole('31one', ahead.slice(0, 1)),
    cut('32two', ahead.slice(1), 1),
    cut('51three', [], 0),
    whole('40four'),
  ]);
});

test('behind a cut bundle frames take nothing of later ones, which are closed and reported', async () => {
  await using pair = openPair(options);
  const discarded: Discarded[] = [];
  pair.socket.on('discarded', (each) => discarded.push(each));
  pair.send(framed('plain'));
  const before = pair.send(framed('before', 2), 2);
  const lost = pair.send(framed('lost', 5), 5);
  pair.send(framed('plain'));
  const frames = pair.socket.frames(early);
  const came = await withDescriptorLimit(3, () => takeNext(frames, 4));
  pair.send(framed('after', 2), 2);
  pair.send(framed('none'));
  pair.send(framed('last', 1), 1);
  came.push(...(await takeNext(frames, 3)));
  expect(came).toEqual([
    whole('50plain'),
    whole('62before', before),
    cut('45lost', lost, 3),
    whole('50plain'),
    cut('52after', [], 0),
    whole('40none'),
    cut('41last', [], 0),
  ]);
  expect(discarded.map(({ count, reason }) => ({ count, reason }))).toEqual([
    { count: 2, reason: 'truncated' },
    { count: 1, reason: 'truncated' },
  ]);
});
