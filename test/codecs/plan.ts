import type { FaultRate } from '../../packages/binding-model';
import type { Message } from '../properties/gluing';
import type { Placed } from '../properties/traffic';
import { type SenderRule, sendmsgs, unruly } from './sendmsgs';
import { noise, oneOf, type Random, someLength, type Subject } from './subject';

/** What is wrong with a stream behind its first frames, which are right, or with the connection. */
const TROUBLES = {
  none: () => [],
  /** Bytes at random. */
  garbage: (random) => [noise(random, 1 + someLength(random, MOST_NOISE))],
  /** What the subject says nobody should believe. */
  hostile: (random, subject) => [subject.hostile(random), noise(random, someLength(random, MOST_NOISE))],
  /** A frame of which some bytes are others, and more frames behind it. */
  changed: (random, _subject, next) => [changed(random, next()), ...some(random, next)],
  /** The stream ends inside a frame. */
  cut: (random, _subject, next) => {
    const bytes = next();
    return [bytes.subarray(0, random(0, bytes.length - 1))];
  },
  /** Right frames, in system calls with descriptors anywhere. */
  unruly: (random, _subject, next) => some(random, next),
  /** A connection that breaks, ends or loses descriptors. */
  broken: () => [],
} satisfies Record<string, (random: Random, subject: Subject, next: () => Uint8Array) => readonly Uint8Array[]>;

export type Trouble = keyof typeof TROUBLES;

/** Everything a peer sends over one connection. */
export interface Plan {
  readonly trouble: Trouble;
  readonly rule: SenderRule;
  /** What comes before the trouble. */
  readonly frames: readonly Placed[];
  readonly stream: Buffer;
  readonly messages: readonly Message[];
  readonly faults: FaultRate;
  readonly sndbuf: number | undefined;
}

const MOST_FRAMES = 12;
/** More than is read ahead and the longest frame together. */
const MOST_NOISE = 40_000;
const DELAYS = ['short-read', 'eagain', 'eintr', 'etoomanyrefs'] as const;
const BREAKS = ['emfile', 'reset', 'eof'] as const;

export function planOf(subject: Subject, random: Random): Plan {
  const names = Object.keys(TROUBLES) as [Trouble, ...Trouble[]];
  const trouble = random(0, 2) === 0 ? 'none' : oneOf(random, names);
  const rule = oneOf(random, subject.senders);
  let count = 0;
  const nextFd = (): number => count++;
  const nextFrame = subject.frames(random);

  const frames: Placed[] = [];
  let end = 0;
  for (let left = random(1, MOST_FRAMES); left > 0; left--) {
    const { bytes, fds } = nextFrame();
    const range = { start: end, end: end + bytes.length };
    frames.push({ bytes: Buffer.from(bytes), fds: Array.from({ length: fds }, nextFd), range });
    ({ end } = range);
  }
  const good = Buffer.concat(frames.map(({ bytes }) => bytes));
  const bad = Buffer.concat(TROUBLES[trouble](random, subject, () => nextFrame().bytes));
  const stream = Buffer.concat([good, bad]);
  const messages = sendmsgs({ frames, stream: good }, rule, random);

  // A frame that joins others in a sendmsg is told by where that ends, so it must go as a whole.
  const whole = rule === 'last byte';
  const what = [...DELAYS, ...(whole ? [] : (['short-write'] as const)), ...(trouble === 'broken' ? BREAKS : [])];
  return {
    ...{ trouble, rule, frames, stream },
    messages: [...messages, ...unruly(good.length, stream.length, nextFd, random)],
    faults: { rate: random(0, 3) / 10, what },
    sndbuf: whole ? undefined : oneOf(random, [undefined, 4608, 8192]),
  };
}

function some(random: Random, next: () => Uint8Array): Uint8Array[] {
  return Array.from({ length: random(1, MOST_FRAMES) }, next);
}

function changed(random: Random, frame: Uint8Array): Uint8Array {
  const bytes = Buffer.from(frame);
  for (let left = random(1, 4); left > 0; left--) {
    // Where the header is, more often than elsewhere.
    bytes[random(0, oneOf(random, [Math.min(16, bytes.length), bytes.length]) - 1)] = oneOf(random, [
      0,
      0x7f,
      0x80,
      0xff,
      random(0, 255),
    ]);
  }
  return bytes;
}
