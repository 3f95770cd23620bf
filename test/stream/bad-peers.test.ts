import { type Discarded, type FdFrame, type FdSocket, fds, type OwnedFd, raw } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { type BarePeer, withBarePeer } from '../support/bare-peer';
import { python } from '../support/children';
import { identity } from '../support/descriptors';

const counted = lengthPrefixed({ lengthBytes: 1, countBytes: 1, maxLength: 9 });
const attached = lengthPrefixed({ lengthBytes: 1, countBytes: 0, maxLength: 9 });

let ends: BarePeer;
let file: OwnedFd;
let discarded: Discarded[];

beforeEach(() => {
  ends = withBarePeer();
  file = fds.memfd('sent');
  discarded = [];
  ends.socket.on('discarded', (each) => discarded.push(each));
});

afterEach(() => {
  ends[Symbol.dispose]();
  file.close();
});

function put(text: string, count = 0): void {
  expect(
    raw.sendMessage(
      ends.peer,
      Buffer.from(text, 'latin1'),
      Array.from({ length: count }, () => file),
    ),
  ).toBe(text.length);
}

type Read = (socket: FdSocket) => Promise<IteratorResult<FdFrame, unknown>>;
const readCounted: Read = (socket) => socket.frames(counted).next();
const readAttached: Read = (socket) => socket.frames(attached).next();

describe.each<[string, Read, () => void, string, [number, string][]]>([
  [
    'a frame longer than the codec’s maximum',
    readCounted,
    () => {
      put('\x0a\x01', 1);
    },
    'ERR_FRAME_TOO_LARGE',
    [[1, 'destroyed']],
  ],
  [
    'fewer descriptors than declared',
    readCounted,
    () => {
      put('\x01\x02x', 1);
    },
    'ERR_FD_MISSING',
    [[1, 'missing']],
  ],
  [
    'more descriptors than declared',
    readCounted,
    () => {
      put('\x01\x01x', 2);
    },
    'ERR_FD_SURPLUS',
    [[2, 'surplus']],
  ],
  [
    'none of those declared, which come with the next frame',
    readCounted,
    () => {
      put('\x01\x01x');
      put('\x01\x00y', 1);
    },
    'ERR_FD_MISSING',
    [[1, 'destroyed']],
  ],
  [
    'more descriptors than one frame may have, before it ends',
    readAttached,
    () => {
      put('\x09a', 253);
      put('b', 1);
    },
    'ERR_FD_SURPLUS',
    [[254, 'surplus']],
  ],
])('%s', (_, read, send, code, closed) => {
  it(`is ${code}: the socket is destroyed, and what came is closed and reported`, async () => {
    send();
    await expect(read(ends.socket)).rejects.toMatchObject({ code });
    expect(ends.socket.destroyed).toBe(true);
    const told = discarded.map(({ count, reason }) => [count, reason]);
    expect(told).toEqual(closed);
    expect(ends.socket.stats.fdsClosed).toBe(closed.reduce((sum, [count]) => sum + count, 0));
    expect(ends.socket.stats.fdsReceived).toBe(ends.socket.stats.fdsClosed);
  });
});

it('frames before the bad one are handed out first', async () => {
  put('\x01\x00a\x01\x01b', 1);
  put('\x63\x00');
  const texts: string[] = [];
  const reading = (async () => {
    for await (const frame of ends.socket.frames(counted)) {
      texts.push(frame.bytes.toString('latin1', 2));
      frame.close();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
  expect(texts).toEqual(['a', 'b']);
});

describe.each<[string, Read]>([
  ['of a codec', readAttached],
  ['of a known length', async (socket) => ({ value: await socket.receive(5) })],
])('the end of the stream inside a frame %s', (_, read) => {
  it('is ERR_FRAME_INCOMPLETE, and the descriptors that came are closed and reported', async () => {
    put('\x04ab', 2);
    ends.peer.close();
    await expect(read(ends.socket)).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
    expect(discarded).toEqual([{ count: 2, range: { start: 0, end: 3 }, reason: 'incomplete' }]);
    expect(ends.socket.destroyed).toBe(true);
  });
});

it('the end of the stream between frames ends the loop; receive() wanted more: ERR_FRAME_INCOMPLETE', async () => {
  put('\x01\x00a');
  ends.peer.close();
  let frames = 0;
  for await (const { fds: own } of ends.socket.frames(counted)) frames += 1 + own.length;
  expect(frames).toBe(1);
  using other = withBarePeer();
  other.peer.close();
  await expect(other.socket.receive(1)).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
});

it('a byte sent out of band, with a descriptor, arrives in its place in the stream', async () => {
  const sender = python(
    `
import array, socket
s = socket.socket(fileno=3)
s.setblocking(True)
def send(data, flags):
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [4]))], flags)
s.sendall(b'ab')
send(b'!', socket.MSG_OOB)
s.sendall(b'cd')
`,
    { descriptors: [ends.peer.fd, file.fd] },
  );
  await sender.succeeded();
  using before = await ends.socket.receive(2);
  using outOfBand = await ends.socket.receive(1);
  using after = await ends.socket.receive(2);
  const seen = [before, outOfBand, after].map(({ bytes, fds: own }) => [
    bytes.toString(),
    own.map(({ fd }) => identity(fd)),
  ]);
  expect(seen).toEqual([
    ['ab', []],
    ['!', [identity(file.fd)]],
    ['cd', []],
  ]);
});

it.each([0, -1, 1.5, NaN, Infinity, '5'])('receive(%p) is refused, and harms nothing', async (length) => {
  await expect(ends.socket.receive(length as number)).rejects.toThrow(
    typeof length === 'number' ? RangeError : TypeError,
  );
  put('a');
  await expect(ends.socket.receive(1)).resolves.toMatchObject({ fds: [] });
});
