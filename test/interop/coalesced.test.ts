import { once } from 'node:events';
import type { FdFrame, FrameCodec } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { python } from '../support/children';
import { identitiesOf } from '../support/files';
import { type Peer, startPeer } from '../support/peer';
import { PYTHON_FRAMES } from './python-frames';

// A peer that sends plain bytes and bytes with descriptors before anybody reads: the kernel glues the plain ones in front
// of those with descriptors (docs/kernel.md 2).

const SEND_ALL = `
peer.sendall(b"one")
socket.send_fds(peer, [b"two"], new_files(1))
peer.sendall(b"three")
peer.sendall(b"four")
socket.send_fds(peer, [b"five"], new_files(2))
socket.send_fds(peer, [b"six"], new_files(1))
peer.sendall(b"seven")
peer.close()
say("all sent")`;

interface Sent extends AsyncDisposable {
  readonly peer: Peer;
  /** For each sendmsg with descriptors, its files. */
  readonly files: string[];
}

/** A peer that has sent everything. */
async function everythingSent(program: string): Promise<Sent> {
  const peer = startPeer(python, PYTHON_FRAMES + program);
  const files: string[] = [];
  for (let line = await peer.child.line(); line !== 'all sent'; line = await peer.child.line()) files.push(line);
  return { peer, files, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

/** Closes a frame's descriptors after noting what they are. */
function told(frame: FdFrame): [bytes: string, files: string] {
  using closing = frame;
  return [closing.bytes.toString(), identitiesOf(closing.fds).join(' ')];
}

test(`read as bytes, 'fds' comes just before the 'data' that its descriptors came with`, async () => {
  await using sent = await everythingSent(SEND_ALL);
  const { peer, files } = sent;
  let text = '';
  let length = 0;
  peer.socket.on('fds', (frame) => {
    expect(frame.range.start).toBe(length);
    const [bytes, came] = told(frame);
    text += `<${came} with ${bytes}>`;
  });
  peer.socket.on('data', (bytes: Buffer) => {
    length += bytes.length;
    text += bytes.toString();
  });
  await once(peer.socket, 'end');
  expect(text).toBe(
    `<${files[0]} with onetwo>onetwo<${files[1]} with threefourfive>threefourfive<${files[2]} with six>sixseven`,
  );
});

test('frames() without a codec gives each segment with the descriptors it came with', async () => {
  await using sent = await everythingSent(SEND_ALL);
  const { peer, files } = sent;
  const came: [string, string][] = [];
  for await (const frame of peer.socket.frames()) came.push(told(frame));
  expect(came).toEqual([
    ['onetwo', files[0]],
    ['threefourfive', files[1]],
    ['six', files[2]],
    ['seven', ''],
  ]);
});

test('receive() takes plain bytes without the descriptors that follow, and those with exactly their bytes', async () => {
  await using sent = await everythingSent(SEND_ALL);
  const { peer, files } = sent;
  const came: [string, string][] = [];
  for (const length of [3, 3, 9, 4, 3, 5]) came.push(told(await peer.socket.receive(length)));
  expect(came).toEqual([
    ['one', ''],
    ['two', files[0]],
    ['threefour', ''],
    ['five', files[1]],
    ['six', files[2]],
    ['seven', ''],
  ]);
});

test('a frame that receive() takes whole has the descriptors of all its parts', async () => {
  await using sent = await everythingSent(SEND_ALL);
  const { peer, files } = sent;
  expect(told(await peer.socket.receive(1))).toEqual(['o', '']);
  expect(told(await peer.socket.receive(21))).toEqual(['netwothreefourfivesix', files.join(' ')]);
});

const SEND_FRAMES = `
for number, count in enumerate((0, 1, 0, 0, 2, 1, 0, 3)):
    send_frame(b"frame %d" % number, new_files(count))
say("all sent")`;

test('frames() of a counted codec gives each frame its own descriptors', async () => {
  await using sent = await everythingSent(SEND_FRAMES);
  const { peer, files } = sent;
  await expectFrames(peer, lengthPrefixed(), files, 6);
});

test('frames() of a codec without a count does so too, since it never reads past a frame', async () => {
  await using sent = await everythingSent(SEND_FRAMES.replace('send_frame(', 'send_uncounted('));
  const { peer, files } = sent;
  await expectFrames(peer, lengthPrefixed({ countBytes: 0 }), files, 4);
});

async function expectFrames(peer: Peer, codec: FrameCodec<unknown, never>, files: string[], header: number) {
  const came: [string, string, boolean][] = [];
  for await (const frame of peer.socket.frames(codec)) {
    const { ambiguous } = frame;
    const [bytes, descriptors] = told(frame);
    came.push([bytes.slice(header), descriptors, ambiguous]);
  }
  expect(came).toEqual(files.map((line, index) => [`frame ${index}`, line, false]));
}

test('a way of reading that is left hands the unread bytes and their descriptors to the next', async () => {
  await using sent = await everythingSent(`peer.sendall(b"hello\\n")\n${SEND_FRAMES}`);
  const { peer, files } = sent;
  expect(told(await peer.socket.receive(6))).toEqual(['hello\n', '']);
  for await (const frame of peer.socket.frames(lengthPrefixed())) {
    expect(told(frame)).toEqual([expect.stringContaining('frame 0'), '']);
    break;
  }
  expect(told(await peer.socket.receive(6 + 7))).toEqual([expect.stringContaining('frame 1'), files[1]]);
  for await (const frame of peer.socket.frames(lengthPrefixed())) {
    const [bytes, came] = told(frame);
    const number = Number(/\d$/.exec(bytes)?.[0]);
    expect(came).toBe(files[number]);
    if (number === 7) break;
  }
});
