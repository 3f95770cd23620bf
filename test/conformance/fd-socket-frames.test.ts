import type { FdFrame, FdSocket } from '../../packages/stream';
import { lengthPrefixed } from '../../packages/codec';
import { randomNumbers } from '../properties/traffic';
import { nextOf } from '../socket/sockets';
import { early, framed } from '../truncation/codecs';
import { modeRefusal } from '../support/mode-refusal';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { received, SentFiles } from './sent-files';
import { openSockets, take } from './sockets';

// An FdSocket read as frames: each gets its own bytes and descriptors, however the kernel cuts the stream.

interface Message {
  readonly bytes: Buffer;
  readonly fds: readonly number[];
}

/** Messages of many sizes, with 0 to 5 of the files each. */
function messages(files: SentFiles, seed: number): Message[] {
  const random = randomNumbers(seed);
  return Array.from({ length: 60 }, (_, index) => {
    const count = random(0, 1) === 0 ? random(1, 5) : 0;
    const fds = Array.from({ length: count }, (_each, at) => files.numbers[(index + at) % files.numbers.length] ?? -1);
    return { bytes: Buffer.alloc(random(0, 9) === 0 ? random(1, 30_000) : random(1, 40), index), fds };
  });
}

/** Sends all of it, some with write(), some waited for. */
async function sendAll(socket: FdSocket, frames: readonly Message[]): Promise<void> {
  const random = randomNumbers(frames.length);
  const pending: Promise<void>[] = [];
  for (const { bytes, fds } of frames) {
    if (fds.length === 0 && random(0, 2) === 0) socket.write(bytes);
    else pending.push(socket.send(bytes, fds));
    if (random(0, 3) === 0) await Promise.all(pending);
  }
  socket.end();
  await Promise.all(pending);
}

/** Sees that a frame is one that was sent. */
function expectFrame(kernel: Kernel, frame: FdFrame, sent: Message | undefined, files: SentFiles): void {
  using closing = frame;
  const wanted = sent?.fds.map((fd) => files.identities[files.numbers.indexOf(fd)]);
  expect(sent?.bytes.equals(closing.bytes)).toBe(true);
  expect(received(kernel, closing.fds)).toEqual(wanted);
  expect([closing.truncated, closing.ambiguous]).toEqual([false, false]);
}

const codecs = {
  'counts its descriptors and reads ahead': lengthPrefixed(),
  'takes what is attached and never reads ahead': lengthPrefixed({ countBytes: 0 }),
  'counts and never reads ahead': { ...lengthPrefixed(), reads: 'bounded' as const },
};

onEach(kernelsWithFaults, (test) => {
  for (const [what, codec] of Object.entries(codecs)) {
    test(`frames(codec) where the codec ${what}: every frame is whole and has exactly its own`, async (kernel) => {
      using files = new SentFiles(kernel, 7);
      using sockets = openSockets(kernel);
      const sent = messages(files, 1).map(({ bytes, fds }) => {
        const encoded = codec.encode({ bytes, fds: [...fds] });
        return { bytes: Buffer.from(encoded.bytes), fds };
      });
      const sending = sendAll(sockets.sender, sent);
      let count = 0;
      for await (const frame of sockets.receiver.frames(codec)) expectFrame(kernel, frame, sent[count++], files);
      expect(count).toBe(sent.length);
      await sending;
      expect(sockets.receiver.stats).toMatchObject({ framesReceived: count, fdsClosed: 0 });
    });
  }

  test('receive(n) gives exactly so many bytes with the descriptors that were sent with them', async (kernel) => {
    using files = new SentFiles(kernel, 7);
    using sockets = openSockets(kernel);
    const sent = messages(files, 2);
    const sending = sendAll(sockets.sender, sent);
    for (const each of sent) {
      expectFrame(kernel, await sockets.receiver.receive(each.bytes.length), each, files);
    }
    await sending;
    await expect(sockets.receiver.receive(1)).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
  });

  test('frames() without a codec: all bytes in order, and descriptors anchored where they were sent', async (kernel) => {
    using files = new SentFiles(kernel, 7);
    using sockets = openSockets(kernel);
    const sent = messages(files, 3);
    const sending = sendAll(sockets.sender, sent);
    const lastByte = kernel.bindings[1].anchor === 'last-byte';
    const chunks: Buffer[] = [];
    const came: [file: string, at: number][] = [];
    for await (const frame of sockets.receiver.frames()) {
      using closing = frame;
      const { range, bytes, fds } = closing;
      chunks.push(bytes);
      for (const file of received(kernel, fds)) came.push([file, lastByte ? range.end - 1 : range.start]);
    }
    await sending;
    expect(Buffer.concat(chunks).equals(Buffer.concat(sent.map(({ bytes }) => bytes)))).toBe(true);
    let end = 0;
    const ends = sent.map(({ bytes }) => (end += bytes.length));
    const owners = came.map(([file, at]) => [file, ends.findIndex((each) => at < each)]);
    const expected = sent.flatMap(({ fds }, index) =>
      fds.map((fd) => [files.identities[files.numbers.indexOf(fd)], index]),
    );
    expect(owners).toEqual(expected);
  });

  test('more descriptors than one sendmsg takes are one frame all the same, in order', async (kernel) => {
    using files = new SentFiles(kernel, 600);
    using sockets = openSockets(kernel, { maxFdsPerFrame: 600 });
    const { bytes } = lengthPrefixed().encode({ bytes: Buffer.from('payload'), fds: files.numbers });
    await sockets.sender.send('abcdef', files.numbers);
    await sockets.sender.send(bytes, files.numbers);
    expect(take(kernel, await sockets.receiver.receive(6))).toEqual(['abcdef', files.identities]);
    const [text, came] = take(kernel, await nextOf(sockets.receiver.frames(lengthPrefixed())));
    expect([text.slice(-7), came]).toEqual(['payload', files.identities]);
    expect(sockets.sender.stats.fdsSent).toBe(1200);
  });

  test('descriptors that ride ahead are counted off in their order', async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = openSockets(kernel);
    await sockets.sender.send(framed('first', 1), files.numbers);
    for (const text of ['second', 'third']) await sockets.sender.send(framed(text, 1));
    const frames = sockets.receiver.frames(early);
    for (const [index, text] of ['first', 'second', 'third'].entries()) {
      expect(take(kernel, await nextOf(frames))).toEqual([framed(text, 1), [files.identities[index]]]);
    }
  });

  test('a loop that is left keeps bytes and descriptors, with their windows, for another codec', async (kernel) => {
    using files = new SentFiles(kernel, 4);
    using sockets = openSockets(kernel);
    const [a = -1, b = -1, c = -1, d = -1] = files.numbers;
    const [counted, attached] = [lengthPrefixed(), lengthPrefixed({ countBytes: 0 })];
    await sockets.sender.send('hello', [a]);
    await sockets.sender.send(counted.encode({ bytes: Buffer.from('one'), fds: [b] }).bytes, [b]);
    await sockets.sender.send(counted.encode({ bytes: Buffer.from('two'), fds: [c, d] }).bytes, [c, d]);
    await sockets.sender.send(attached.encode({ bytes: Buffer.from('three'), fds: [a] }).bytes, [a]);
    await sockets.sender.send('end', [b]);
    const { receiver } = sockets;
    const [ia, ib, ic, id] = files.identities;

    expect(take(kernel, await receiver.receive(5))).toEqual(['hello', [ia]]);
    const seen: unknown[] = [];
    for await (const frame of receiver.frames(counted)) {
      seen.push([frame.range, take(kernel, frame)[1]]);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([
      [{ start: 5, end: 14 }, [ib]],
      [{ start: 14, end: 23 }, [ic, id]],
    ]);
    const next = await nextOf(receiver.frames(attached));
    expect([next.range, next.ambiguous]).toEqual([{ start: 23, end: 32 }, false]);
    expect(take(kernel, next)[1]).toEqual([ia]);
    await expect(receiver.receive(3)).rejects.toEqual(modeRefusal());
  });

  test('two ways of reading at once are refused, and the first one goes on', async (kernel) => {
    using sockets = openSockets(kernel);
    const { receiver, sender } = sockets;
    const waiting = receiver.receive(3);
    await expect(receiver.frames().next()).rejects.toEqual(modeRefusal());
    expect(() => receiver.on('data', () => undefined)).toThrow(modeRefusal());
    await sender.send('abc');
    expect(take(kernel, await waiting)).toEqual(['abc', []]);
  });
});
