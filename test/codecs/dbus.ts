import { dbusMessages } from '../../packages/codec';
import { callWith, marshalled, type TestField } from '../codec/dbus-message';
import { noise, oneOf, type Random, someFds, someLength, type Subject } from './subject';

const MOST_BYTES = 6000;
const MOST_FDS = 16;

/** Header fields that are well marshalled, the one that counts descriptors anywhere among them. */
function fields(random: Random, fds: number): TestField[] {
  const others: TestField[] = [
    [200, '(yu)', Buffer.alloc(8, 1)],
    [201, 'v', Buffer.from([1, 0x79, 0, 7])],
    [202, 'as', Buffer.alloc(4)],
    [7, 's', ':1.5'],
  ];
  const all = [...callWith(fds), ...others.slice(random(0, others.length))];
  const at = random(0, all.length - 1);
  return [...all.slice(at), ...all.slice(0, at)];
}

/** 32 bits that nobody should believe, as a length, a count or a serial. */
function huge(random: Random): number {
  return oneOf(random, [0xffffffff, 0x7fffffff, 0x80000000, MOST_BYTES + 1, random(0, 0x7fffffff)]);
}

export const dbus: Subject = {
  name: 'dbusMessages',
  codec: () => dbusMessages({ maxLength: MOST_BYTES }),
  frames: (random) => () => {
    const fds = someFds(random, MOST_FDS);
    const header = {
      littleEndian: random(0, 1) === 0,
      type: 1,
      serial: random(1, 0x7fffffff),
      fields: fields(random, fds),
    };
    const body = noise(random, someLength(random, MOST_BYTES - 400));
    return { bytes: marshalled({ ...header, body }), fds };
  },
  hostile: (random) => {
    const littleEndian = random(0, 1) === 0;
    return marshalled({
      littleEndian,
      ...oneOf<object>(random, [
        { bodyLength: huge(random) },
        { fieldsLength: huge(random) },
        { bodyLength: huge(random), fieldsLength: huge(random) },
        { fields: callWith(huge(random)) },
        { fields: [...callWith(random(0, 3)), [9, 'u', random(0, 3)]] },
        { fields: [[200, '('.repeat(random(1, 255)), Buffer.alloc(8)]] },
        { fields: [[200, 'v', noise(random, random(0, 300))]] },
        { fields: [[200, `a${'a'.repeat(random(0, 200))}y`, noise(random, 8)]] },
        { fields: [[1, 'o', 'x'.repeat(random(0, 300))]], fieldsLength: random(0, 400) },
        { serial: 0 },
        { type: 0 },
        { version: random(0, 255) },
      ]),
    });
  },
  senders: ['own bytes'],
  longest: MOST_BYTES,
};
