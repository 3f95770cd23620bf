import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { type FdFrame, type FdSocket, fds, type FrameCodec, type OwnedFd, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { codeOf, destroyed } from './sockets';

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });

let left: FdSocket;
let right: FdSocket;
let file: OwnedFd;

beforeEach(() => {
  [left, right] = socketpair();
  file = fds.memfd('file');
});

afterEach(async () => {
  file.close();
  await destroyed(left, right);
});

/** A frame of the codec; its payload is the text. */
function message(text: string, fdCount = 0): Buffer {
  return Buffer.concat([Buffer.from([text.length, fdCount]), Buffer.from(text)]);
}

function textOf(frame: FdFrame): string {
  frame.close();
  return frame.bytes.toString('latin1', 2);
}

it('calls the handler with each frame and its descriptors, in order, and resolves at the end', async () => {
  for (let index = 0; index < 200; index++) await left.send(message(`m${index}`, 1), [file]);
  left.end();
  const { ino } = fstatSync(file.fd);
  const seen: string[] = [];
  await right.forEachFrame((frame) => {
    expect(frame.fds.map(({ fd }) => fstatSync(fd).ino)).toEqual([ino]);
    seen.push(textOf(frame));
  }, codec);
  expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => `m${index}`));
  expect(right.stats.framesReceived).toBe(200);
});

it('gives a frame for each segment where no codec is given', async () => {
  await left.send('one', [file]);
  await left.send('two');
  left.end();
  const seen: [string, number][] = [];
  await right.forEachFrame((frame) => {
    seen.push([frame.bytes.toString(), frame.fds.length]);
    frame.close();
  });
  expect(seen).toEqual([
    ['one', 1],
    ['two', 0],
  ]);
});

it('waits where the handler returns a promise, one frame at a time', async () => {
  for (let index = 0; index < 10; index++) await left.send(message(`${index}`));
  left.end();
  let running = 0;
  const seen: string[] = [];
  await right.forEachFrame(async (frame) => {
    running++;
    expect(running).toBe(1);
    await new Promise(setImmediate);
    seen.push(textOf(frame));
    running--;
  }, codec);
  expect(seen.join('')).toBe('0123456789');
});

it.each<[string, (frame: FdFrame) => void | Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('enough');
    },
  ],
  ['rejects', () => Promise.reject(new Error('enough'))],
])('is left when the handler %s, with the socket open and the next frame in its place', async (_, fail) => {
  for (const text of ['a', 'b', 'c']) await left.send(message(text, 1), [file]);
  let count = 0;
  const reading = right.forEachFrame((frame) => {
    frame.close();
    count++;
    return count === 2 ? fail(frame) : undefined;
  }, codec);
  await expect(reading).rejects.toThrow('enough');
  expect(right.destroyed).toBe(false);
  left.end();
  const rest: string[] = [];
  for await (const frame of right.frames(codec)) rest.push(textOf(frame));
  expect(rest).toEqual(['c']);
});

it('refuses what is no function, and what is no codec, with the socket as it was', async () => {
  const nothing = undefined as unknown as () => void;
  await expect(right.forEachFrame(nothing)).rejects.toThrow(TypeError);
  await expect(right.forEachFrame(() => undefined, {} as FrameCodec<unknown, never>)).rejects.toThrow(TypeError);
  expect(() => right.frames({} as FrameCodec<unknown, never>)).toThrow(TypeError);
});

it('is one way of reading, and excludes the others while it lasts', async () => {
  const reading = right.forEachFrame(() => undefined, codec);
  expect(await codeOf(() => right.forEachFrame(() => undefined))).toBe('ERR_FD_MODE');
  expect(await codeOf(() => right.frames().next())).toBe('ERR_FD_MODE');
  expect(await codeOf(() => right.on('data', () => undefined))).toBe('ERR_FD_MODE');
  left.end();
  await reading;
});

it('rejects as frames() would, with what came closed', async () => {
  await left.send(message('two are missing', 2), [file]);
  expect(await codeOf(() => right.forEachFrame((frame) => frame.close(), codec))).toBe('ERR_FD_MISSING');
  expect(right.destroyed).toBe(true);
});

it('rejects with ERR_FRAME_INCOMPLETE when the stream ends inside a frame', async () => {
  await left.send(message('cut short').subarray(0, 5), [file]);
  left.end();
  expect(await codeOf(() => right.forEachFrame((frame) => frame.close(), codec))).toBe('ERR_FRAME_INCOMPLETE');
});

it('resolves when the handler destroys the socket, and closes what it did not get', async () => {
  for (const text of ['a', 'b', 'c']) await left.send(message(text, 1), [file]);
  const seen: string[] = [];
  await right.forEachFrame((frame) => {
    seen.push(textOf(frame));
    right.destroy();
  }, codec);
  expect(seen).toEqual(['a']);
});

it('rejects with what the socket was destroyed with', async () => {
  const reading = right.forEachFrame(() => undefined);
  right.destroy(new Error('no more'));
  await expect(reading).rejects.toThrow('no more');
  await expect(right.forEachFrame(() => undefined)).rejects.toThrow('no more');
});

it('resolves at once on a socket that was destroyed without an error', async () => {
  right.destroy();
  await once(right, 'close');
  await right.forEachFrame(() => undefined);
});

it.each([
  ['throws', () => Promise.resolve(), true],
  ['rejects later', () => new Promise(setImmediate), false],
] as const)('rejects with what the handler %s, also when that destroyed the socket before', async (_how, wait, now) => {
  await left.send(message('a'));
  const reading = right.forEachFrame(() => {
    right.destroy(new Error('of the socket'));
    if (now) throw new Error('of the handler');
    return wait().then(() => {
      throw new Error('of the handler');
    });
  }, codec);
  right.on('error', () => undefined);
  await expect(reading).rejects.toThrow('of the handler');
});

it('waits for a handler that destroyed the socket, and rejects with why', async () => {
  await left.send(message('a'));
  let done = false;
  const reading = right.forEachFrame(async () => {
    right.destroy(new Error('of the socket'));
    await new Promise(setImmediate);
    done = true;
  }, codec);
  await expect(reading).rejects.toThrow('of the socket');
  expect(done).toBe(true);
});

it('takes no notice of what a handler in plain JavaScript returns, unless it is a promise', async () => {
  for (const text of ['a', 'b', 'c']) await left.send(message(text));
  left.end();
  const seen: string[] = [];
  const returned: unknown[] = [null, 1, {}];
  await right.forEachFrame(
    ((frame: FdFrame) => {
      seen.push(textOf(frame));
      return returned.pop();
    }) as (frame: FdFrame) => void,
    codec,
  );
  expect(seen).toEqual(['a', 'b', 'c']);
});
