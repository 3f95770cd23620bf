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
