import {
  type Discarded,
  type FdFrame,
  type FdSocket,
  fds,
  type FrameCodec,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { identity } from '../support/descriptors';
import { codeOf, destroyed } from './sockets';

let left: FdSocket;
let right: FdSocket;
let opened: OwnedFd[];

beforeEach(() => {
  [left, right] = socketpair();
  opened = [];
});

afterEach(async () => {
  OwnedFd.closeAll(opened);
  await destroyed(left, right);
});

/** One sendmsg. Returns the identities of so many new files that go with it. */
function sendmsg(bytes: string | Uint8Array, fdCount = 0): string[] {
  const files = Array.from({ length: fdCount }, () => fds.memfd('sent'));
  opened.push(...files);
  raw.sendMessage(left.fd, Buffer.from(bytes), files);
  return files.map(({ fd }) => identity(fd));
}

interface Seen {
  readonly text: string;
  readonly came: string[];
  readonly ambiguous: boolean;
}

function seen({ bytes, fds: came, ambiguous }: FdFrame): Seen {
  const identities = came.map(({ fd }) => identity(fd));
  OwnedFd.closeAll(came);
  return { text: bytes.toString('latin1'), came: identities, ambiguous };
}

const FRAMES = 60;

/** A length, and a payload; which descriptors came with it is all that tells whose they are. */
const uncounted = lengthPrefixed({ lengthBytes: 1, countBytes: 0 });
/** Lines, which end where only looking tells. */
const lines: FrameCodec<unknown, never> = {
  measure(buffered, scanned) {
    const end = buffered.indexOf(0x0a, scanned);
    return end === -1 ? { need: buffered.length + 1, scanned: buffered.length } : { length: end + 1, fds: 'attached' };
  },
  decode: (frame) => frame,
};

const frame = (text: string): string => String.fromCharCode(text.length) + text;
const line = (text: string): string => `${text}\n`;

const WAYS = (['bounded', 'greedy'] as const).flatMap((reads) => [
  { name: `lengths, ${reads} reads`, codec: { ...uncounted, reads }, encode: frame },
  { name: `lines, ${reads} reads`, codec: { ...lines, reads }, encode: line },
]);

async function framesOf(codec: FrameCodec<unknown, never>): Promise<Seen[]> {
  const frames: Seen[] = [];
  for await (const each of right.frames(codec)) frames.push(seen(each));
  return frames;
}

describe.each(WAYS)('by place, $name', ({ codec, encode }) => {
  it('every frame has its own, and none is ambiguous, from a sender that keeps frames apart', async () => {
    const own: string[][] = [];
    for (let index = 0; index < FRAMES; index++) own.push(sendmsg(encode(`${index}`), index % 3 === 1 ? 1 : 0));
    left.end();
    const frames = await framesOf(codec);
    expect(frames.map(({ came }) => came)).toEqual(own);
    expect(frames.filter(({ ambiguous }) => ambiguous)).toEqual([]);
  });

  it('the frame that got descriptors of a sendmsg with others is marked, and so are those others', async () => {
    const files: string[] = [];
    for (let index = 0; index < FRAMES; index++) {
      sendmsg(encode(`before ${index}`));
      files.push(...sendmsg(encode(`plain ${index}`) + encode(`its own ${index}`), 1));
      sendmsg(encode(`after ${index}`));
    }
    left.end();
    const frames = await framesOf(codec);
    expect(frames.flatMap(({ came }) => came)).toEqual(files);
    expect(frames.map(({ ambiguous }) => ambiguous)).toEqual(
      Array.from({ length: FRAMES }, () => [false, true, true, false]).flat(),
    );
    // Bounded reads give them to the frame in which the sendmsg begins, greedy ones to that in which it ends.
    const right = frames.filter(({ text, came }) => text.includes('its own') && came.length === 1);
    expect(right).toHaveLength(codec.reads === 'greedy' ? FRAMES : 0);
  });

  it('the mark reaches into every frame that a sendmsg has bytes of, and no further', async () => {
    const own = sendmsg(encode('a') + encode('b') + encode('c').slice(0, 1), 2);
    sendmsg(encode('c').slice(1) + encode('d'));
    const last = sendmsg(encode('e'), 1);
    left.end();
    const frames = await framesOf(codec);
    const whose = codec.reads === 'greedy' ? [[], [], own] : [own, [], []];
    expect(frames.map(({ came }) => came)).toEqual([...whose, [], last]);
    expect(frames.map(({ ambiguous }) => ambiguous)).toEqual([true, true, true, false, false]);
  });
});

it('receive() says that a message goes on behind it, and the next way of reading that it began before', async () => {
  const own = sendmsg(`hello${frame('first')}`, 1);
  sendmsg(frame('second'));
  left.end();
  expect(seen(await right.receive(5))).toEqual({ text: 'hello', came: own, ambiguous: true });
  expect(await framesOf(uncounted)).toEqual([
    { text: frame('first'), came: [], ambiguous: true },
    { text: frame('second'), came: [], ambiguous: false },
  ]);
});

/** An opcode, and how many bytes follow. Those of the opcodes that the reader knows have a descriptor. */
const requests = (descriptors: FrameCodec<unknown, never>['descriptors']): FrameCodec<unknown, never> => ({
  reads: 'greedy',
  descriptors,
  measure: ([opcode, length = 0]) =>
    opcode === undefined ? { need: 2 } : { length: 2 + length, fds: opcode === 0x50 ? 1 : 0 },
  decode: (each) => each,
});

const request = (opcode: 'P' | 'u', length: number): string =>
  `${opcode}${String.fromCharCode(length)}${'.'.repeat(length)}`;

describe('in order of arrival, where a count is too low', () => {
  const BEHIND = 40;

  it('a bound refuses the descriptor of an unknown request instead of giving it to a later one', async () => {
    const discarded: Discarded[] = [];
    right.on('discarded', (each) => discarded.push(each));
    sendmsg(request('u', 2), 1);
    sendmsg(request('u', BEHIND));
    sendmsg(request('P', 2), 1);
    const frames = right.frames(requests({ ahead: 32 }));
    for (let index = 0; index < 2; index++) expect(seen((await frames.next()).value as FdFrame).came).toEqual([]);
    expect(await codeOf(() => frames.next())).toBe('ERR_FD_SURPLUS');
    expect(discarded[0]).toMatchObject({ count: 1, reason: 'surplus' });
    expect(right.destroyed).toBe(true);
  });

  it('and goes on with onSurplus: close, with every later frame having its own', async () => {
    [left, right].forEach((socket) => socket.destroy());
    [left, right] = socketpair({ onSurplus: 'close' });
    sendmsg(request('u', 2), 1);
    sendmsg(request('u', BEHIND));
    const own = sendmsg(request('P', 2), 1);
    left.end();
    expect((await framesOf(requests({ ahead: 32 }))).map(({ came }) => came)).toEqual([[], [], own]);
    expect(right.stats.fdsClosed).toBe(1);
  });

  it('what is left at the end of the stream is ERR_FD_SURPLUS', async () => {
    sendmsg(request('u', 2), 1);
    left.end();
    const reading = framesOf(requests({ ahead: 32 }));
    await expect(reading).rejects.toMatchObject({
      code: 'ERR_FD_SURPLUS',
      message: 'the stream ended at 4 with 1 descriptor that no frame declared; they are closed',
    });
    expect(right.stats.fdsClosed).toBe(1);
  });

  it('without a bound, what is left at the end is closed and reported, while the socket is open still', async () => {
    const discarded: Discarded[] = [];
    right.on('discarded', (each) => discarded.push(each));
    sendmsg(request('u', 2), 2);
    left.end();
    expect(await framesOf(requests('early'))).toHaveLength(1);
    expect(discarded).toEqual([{ count: 2, range: { start: 4, end: 4 }, reason: 'surplus' }]);
    expect(right.destroyed).toBe(false);
  });

  it('descriptors that ride ahead within the bound go to the frames that declare them', async () => {
    const own = sendmsg(request('u', 2) + request('P', 2) + request('u', 3) + request('P', 1), 2);
    left.end();
    const frames = await framesOf(requests({ ahead: 4096 }));
    expect(frames.map(({ came }) => came)).toEqual([[], own.slice(0, 1), [], own.slice(1)]);
  });
});
