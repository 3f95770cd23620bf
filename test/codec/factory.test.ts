import { type CodecFactory, type FdFrame, type FdSocket, socketpair } from '../../packages/ancillary';
import { framed } from '../../packages/rpc';

let left: FdSocket;
let right: FdSocket;

beforeEach(() => {
  [left, right] = socketpair();
});

afterEach(() => {
  left.destroy();
  right.destroy();
});

interface Seen {
  cut: string[];
  measured: string[];
}

/**
 * Frames of a digit, which says how many bytes follow, where the frame before says how many times as many: memory that only
 * is right if each frame is cut once, in order, before the next is measured.
 */
function remembering(): { factory: CodecFactory<string, string>; made: Seen[] } {
  const made: Seen[] = [];
  const factory: CodecFactory<string, string> = () => {
    const seen: Seen = { cut: [], measured: [] };
    made.push(seen);
    let times = 1;
    return {
      reads: 'greedy',
      measure(buffered) {
        const [digit] = buffered;
        if (digit === undefined) return { need: 1 };
        seen.measured.push(String.fromCharCode(digit));
        return { length: 1 + times * (digit - 0x30), fds: 0 };
      },
      decode: ({ bytes }) => bytes.toString(),
      encode: (text) => ({ bytes: [Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))] }),
      cut(frame) {
        seen.cut.push(Buffer.from(frame).toString());
        times = Math.max(1, frame.length - 1);
      },
    };
  };
  return { factory, made };
}

const FRAMES = ['1a', '2bb', '1cc', '1dd', '2eeee', '1ffff'];

it('makes one codec for each connection, which sees every frame once, in whatever way it is read', async () => {
  const { factory, made } = remembering();
  left.end(FRAMES.join(''));

  const frames = right.frames(factory);
  const first = (await frames.next()).value as FdFrame;
  await frames.return?.();
  const handed: string[] = [];
  await expect(
    right.forEachFrame(({ bytes }) => {
      handed.push(bytes.toString());
      if (handed.length === 2) throw new Error('enough');
    }, factory),
  ).rejects.toThrow('enough');
  const rest: string[] = [];
  for await (const text of framed(right, factory)) rest.push(text);

  expect([first.bytes.toString(), ...handed, ...rest]).toEqual(FRAMES);
  expect(made.map(({ cut }) => cut)).toEqual([FRAMES]);
});

it('sees no byte that another way of reading took, and goes on behind it', async () => {
  const { factory, made } = remembering();
  left.end(`2xxraw2yyyymore1zzzz`);
  const one = async (): Promise<string> => {
    for await (const frame of right.frames(factory)) return frame.bytes.toString();
    return 'none';
  };
  expect(await one()).toBe('2xx');
  expect((await right.receive(3)).bytes.toString()).toBe('raw');
  expect(await one()).toBe('2yyyy');
  expect((await right.receive(4)).bytes.toString()).toBe('more');
  expect(await one()).toBe('1zzzz');
  expect(made.map(({ cut }) => cut)).toEqual([['2xx', '2yyyy', '1zzzz']]);
});

it('is asked again about a frame that was only measured, and sees it once when it is taken', async () => {
  const { factory, made } = remembering();
  left.write('1a1');
  const first = right.frames(factory);
  expect(((await first.next()).value as FdFrame).bytes.toString()).toBe('1a');
  await first.return?.();
  left.end('b');
  const rest: string[] = [];
  for await (const frame of right.frames(factory)) rest.push(frame.bytes.toString());
  expect(rest).toEqual(['1b']);
  expect(made.map(({ cut }) => cut)).toEqual([['1a', '1b']]);
});

it('has a codec for each connection, and one for each factory on it', async () => {
  const one = remembering();
  const other = remembering();
  left.end('1a1b');
  right.end('1c');
  for await (const { bytes } of right.frames(one.factory)) if (bytes.toString() === '1a') break;
  for await (const { bytes } of right.frames(other.factory)) expect(bytes.toString()).toBe('1b');
  for await (const { bytes } of left.frames(one.factory)) expect(bytes.toString()).toBe('1c');
  expect(one.made.map(({ cut }) => cut)).toEqual([['1a'], ['1c']]);
  expect(other.made.map(({ cut }) => cut)).toEqual([['1b']]);
});

it('a frame stays, and is not shown again, when the codec makes its taker leave while it sees it', async () => {
  const seen: string[] = [];
  let leave: (() => void) | undefined;
  const factory: CodecFactory<string, never> = () => ({
    measure: () => ({ length: 2, fds: 0 }),
    decode: ({ bytes }) => bytes.toString(),
    cut(frame) {
      seen.push(Buffer.from(frame).toString());
      leave?.();
    },
  });
  left.end('aabb');
  const frames = right.frames(factory);
  leave = () => void frames.return?.();
  expect(await frames.next()).toEqual({ done: true, value: undefined });
  leave = undefined;
  const rest: string[] = [];
  for await (const { bytes } of right.frames(factory)) rest.push(bytes.toString());
  expect(rest).toEqual(['aa', 'bb']);
  expect(seen).toEqual(['aa', 'bb']);
});

it('what cut() throws destroys the socket, and what it changes the length of is refused', async () => {
  const failing: CodecFactory<string, never> = () => ({
    measure: () => ({ length: 2, fds: 0 }),
    decode: ({ bytes }) => bytes.toString(),
    cut() {
      throw new Error('not in this state');
    },
  });
  left.end('aa');
  await expect(right.frames(failing).next()).rejects.toThrow('not in this state');
  expect(right.destroyed).toBe(true);
});

it.each([
  [
    'what a factory throws',
    () => {
      throw new Error('no codec');
    },
    /no codec/,
  ],
  ['nothing', () => undefined, /the codec that was made is a FrameCodec/],
  [
    'a Promise',
    async () => Promise.resolve(remembering().factory({ socket: right })),
    /the codec that was made is a FrameCodec.*await it first/,
  ],
])('refuses %s', (_what, factory, message) => {
  const given = factory as unknown as CodecFactory<string, string>;
  expect(() => right.frames(given)).toThrow(message);
  expect(() => framed(right, given)).toThrow(message);
});
