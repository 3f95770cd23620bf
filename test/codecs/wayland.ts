import { waylandMessages } from '../../packages/codec';
import { PROTOCOL } from '../codec/wayland-protocol';
import { type Frame, noise, oneOf, type Random, someLength, type Subject } from './subject';

const LONGEST = 0xffff;
const MOST_OBJECTS = 100;
const REGISTRY = 2;
/** As far as the rule 'early' lets descriptors ride ahead: all that a peer sends. */
const AHEAD = 1024 * 1024;

/** In the order of this machine. */
const words = (...numbers: readonly number[]): Buffer => Buffer.from(Uint32Array.from(numbers).buffer);

function request(object: number, opcode: number, body: Uint8Array, fds = 0): Frame {
  return { bytes: Buffer.concat([words(object, (8 + body.length) * 0x1_0000 + opcode), body]), fds };
}

/** A string or an array. */
function block(bytes: Uint8Array): Buffer {
  return Buffer.concat([words(bytes.length), bytes, Buffer.alloc(-bytes.length & 3)]);
}

const bind = (id: number, name = 'thing'): Frame =>
  request(REGISTRY, 0, Buffer.concat([words(1), block(Buffer.from(`${name}\0`)), words(3, id)]));

/** Requests of a client, which makes things and asks them: see wayland-protocol.xml. */
function client(random: Random): () => Frame {
  const things: number[] = [];
  let last = REGISTRY;
  const make = (): Frame => {
    things.push(++last);
    return bind(last);
  };
  let begun = false;
  return () => {
    if (!begun) {
      begun = true;
      return request(1, 1, words(REGISTRY));
    }
    const thing = things[random(0, Math.max(0, things.length - 1))];
    if (thing === undefined) return make();
    return oneOf<() => Frame>(random, [
      make,
      () => request(1, 0, words(++last)),
      () => request(thing, 4, words()),
      () => request(thing, 2, words(), 1),
      () => request(thing, 2, words(), 1),
      () => request(thing, 3, block(Buffer.from(`${'x'.repeat(someLength(random, 4000))}\0`))),
      () => {
        const numbers = words(random(0, 0xffff_ffff), random(0, 0xffff_ffff), random(0, 0xffff_ffff), 0, thing);
        return request(thing, 1, Buffer.concat([numbers, block(noise(random, someLength(random, 4000)))]), 2);
      },
    ])();
  };
}

export const wayland: Subject = {
  name: 'waylandMessages',
  codec: () => waylandMessages(PROTOCOL, 'server', { maxObjects: MOST_OBJECTS, ahead: AHEAD }),
  frames: client,
  hostile: (random) =>
    oneOf<() => Uint8Array>(random, [
      () => Buffer.concat([noise(random, 4), noise(random, 4)]),
      () => words(1, random(0, 0xffff_ffff)),
      () => words(REGISTRY, LONGEST * 0x1_0000),
      () =>
        request(REGISTRY, 0, Buffer.concat([words(1, oneOf(random, [0, 4, 5000, 0xffff_ffff])), noise(random, 16)]))
          .bytes,
      () => bind(oneOf(random, [0, 1, REGISTRY, 0xff00_0000, 0xffff_ffff])).bytes,
      // A message of an interface that is not known, and one object too many.
      () => Buffer.concat([bind(90, 'unknown'.repeat(1000)).bytes, words(90, 8 * 0x1_0000)]),
      () =>
        Buffer.concat(Array.from({ length: MOST_OBJECTS + 1 }, (_, index) => request(1, 0, words(1000 + index)).bytes)),
    ])(),
  // As libwayland batches, too: descriptors of several messages ahead of them.
  senders: ['own bytes', 'first byte', 'early'],
  longest: LONGEST,
};
