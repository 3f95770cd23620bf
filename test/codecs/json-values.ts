import { lengthPrefixed } from '../../packages/codec';
import { jsonValues } from '../../packages/rpc';
import { oneOf, type Random, someFds, someLength, type Subject } from './subject';

const MOST_BYTES = 6000;
const MOST_FDS = 40;
const frames = lengthPrefixed({ maxLength: MOST_BYTES });

function frame(text: string, fds: number): Uint8Array {
  return Buffer.concat([
    Buffer.from([0, 0, text.length >> 8, text.length & 0xff, fds >> 8, fds & 0xff]),
    Buffer.from(text),
  ]);
}

/** A value with placeholders for so many descriptors, in any order and at any depth, and data that looks like them. */
function valueWith(random: Random, fds: number): unknown {
  const places: unknown[] = Array.from({ length: fds }, (_, $fd) => ({ $fd }));
  for (let at = places.length - 1; at > 0; at--) {
    const other = random(0, at);
    [places[at], places[other]] = [places[other], places[at]];
  }
  const within = places.map((place) =>
    oneOf(random, [place, [place], { a: { $$fd: place } }, [[{ b: [place] }]], { __proto__: null, c: place }]),
  );
  return { padding: 'x'.repeat(someLength(random, 2500)), within, $$fd: 0 };
}

/** Values, as a peer writes them that has not our encoder. */
export const json: Subject = {
  name: 'jsonValues',
  codec: () => jsonValues({ frames, maxDepth: 20 }),
  frames: (random) => () => {
    const fds = someFds(random, MOST_FDS);
    return { bytes: frame(JSON.stringify(valueWith(random, fds)), fds), fds };
  },
  hostile: (random) =>
    frame(
      oneOf(random, [
        '{"$fd":0}',
        '[{"$fd":0},{"$fd":0}]',
        '[{"$fd":1}]',
        '{"$fd":-1,"a":1}',
        '{"\\u0024fd":{"$fd":0}}',
        '['.repeat(random(1, 3000)),
        `${'{"a":'.repeat(random(1, 1000))}1`,
        '{"__proto__":{"$fd":99999999999}}',
        '',
        '"\\ud800',
        '\0',
        'x'.repeat(random(MOST_BYTES, 60_000)),
      ]),
      random(0, 2),
    ),
  senders: ['own bytes'],
  longest: MOST_BYTES + 6,
};
