import { type ByteRange, fds, type OwnedFd, raw } from '../../packages/ancillary';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { readables } from '../support/readable';

let ends: BarePeer;
let file: OwnedFd;
let announced: ByteRange[];
let readable: () => Promise<void>;

beforeEach(() => {
  ends = withBarePeer();
  file = fds.memfd('sent');
  announced = [];
  readable = readables(ends.socket);
  ends.socket.on('fds', (frame) => {
    announced.push(frame.range);
    frame.close();
  });
});

afterEach(() => {
  ends[Symbol.dispose]();
  file.close();
});

async function read(size: number): Promise<string> {
  for (let turn = 0; turn < 100; turn++) {
    const chunk = ends.socket.read(size) as Buffer | null;
    if (chunk !== null) return chunk.toString();
    await readable();
  }
  throw new Error(`read(${size}) never gave anything`);
}

it('a size that reaches over bytes with descriptors is read, whether these came already or come later', async () => {
  raw.sendMessage(ends.peer, Buffer.from('ab'), [file]);
  raw.sendMessage(ends.peer, Buffer.from('cd'), [file]);
  expect(await read(3)).toBe('abc');
  const reading = read(4);
  raw.sendMessage(ends.peer, Buffer.from('efgh'), [file]);
  expect(await reading).toBe('defg');
  expect(announced).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 4 },
    { start: 4, end: 8 },
  ]);
});

it('a size that is there already announces nothing behind it', async () => {
  raw.sendMessage(ends.peer, Buffer.from('ab'), [file]);
  raw.sendMessage(ends.peer, Buffer.from('cd'), [file]);
  expect(await read(2)).toBe('ab');
  expect(announced).toEqual([{ start: 0, end: 2 }]);
  expect(await read(2)).toBe('cd');
  expect(announced).toHaveLength(2);
});
