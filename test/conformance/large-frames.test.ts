import { lengthPrefixed } from '../../packages/codec';
import type { FdFrame, FdSocket } from '../../packages/stream';
import { onEach } from './kernel';
import { kernels } from './kernels';
import { received, SentFiles } from './sent-files';
import { openSockets, take } from './sockets';

// Frames that are read into memory of their own.

const MIB = 1024 * 1024;
const codec = lengthPrefixed({ maxLength: 64 * MIB });
const HEADER = 6;

/** Bytes of which no two pieces are alike, so that none can be in the wrong place. */
function payload(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  return bytes.fill('.', length - (length % 4));
}

async function next(frames: AsyncIterator<FdFrame>): Promise<FdFrame> {
  const { value } = (await frames.next()) as IteratorResult<FdFrame, undefined>;
  if (value === undefined) throw new Error('no frame');
  return value;
}

function frameOf(bytes: Buffer, fdCount: number): Buffer {
  const frame = Buffer.alloc(HEADER + bytes.length);
  frame.writeUInt32BE(bytes.length);
  frame.writeUInt16BE(fdCount, 4);
  bytes.copy(frame, HEADER);
  return frame;
}

/** Sends pieces of such a size, descriptors with the first and the last one. */
async function sendInPieces(sender: FdSocket, frame: Buffer, size: number, fds: readonly number[]): Promise<void> {
  const pieces: Promise<void>[] = [];
  for (let at = 0; at < frame.length; at += size) {
    const ends = at === 0 || at + size >= frame.length;
    pieces.push(sender.send(frame.subarray(at, at + size), ends ? fds : []));
  }
  await Promise.all(pieces);
}

onEach(kernels, (test) => {
  test('a large frame is one piece of memory of its own, with its descriptors', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    for (const [length, size] of [
      [200_000, 4_096],
      [MIB, 65_536],
      [3 * MIB + 1, 100_000],
    ] as const) {
      using sockets = openSockets(kernel);
      const bytes = payload(length);
      const sending = sendInPieces(sockets.sender, frameOf(bytes, 4), size, files.numbers);
      const frames = sockets.receiver.frames(codec);
      using frame = await next(frames);
      await sending;
      expect(frame.bytes.subarray(HEADER).equals(bytes)).toBe(true);
      expect(frame.bytes.buffer.byteLength).toBe(HEADER + length);
      expect(received(kernel, frame.fds)).toEqual([...files.identities, ...files.identities]);

      const { bytes: small } = codec.encode({ bytes: Buffer.from('small') });
      await sockets.sender.send(small);
      expect(take(kernel, await next(frames))).toEqual([Buffer.from(small).toString('latin1'), []]);
    }
  });

  test('what has come of a large frame can be read otherwise when the loop is left', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const bytes = payload(300_000);
    const frame = frameOf(bytes, 4);
    const frames = receiver.frames(codec);
    const first = frames.next();
    await sendInPieces(sender, frame.subarray(0, 150_000), 30_000, files.numbers);
    while (receiver.stats.bytesRead < 150_000) await new Promise(setImmediate);
    await frames.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
    const sending = sendInPieces(sender, frame.subarray(150_000), 30_000, files.numbers);

    const parts: Buffer[] = [];
    const identities: string[] = [];
    for (let left = HEADER + bytes.length; left > 0;) {
      using part = await receiver.receive(Math.min(left, 70_001));
      left -= part.bytes.length;
      parts.push(part.bytes);
      identities.push(...received(kernel, part.fds));
    }
    await sending;
    expect(Buffer.concat(parts).subarray(HEADER).equals(bytes)).toBe(true);
    expect(identities).toEqual(Array.from({ length: 4 }, () => files.identities[0]));
  });

  test('many large frames follow each other, by a handler, too', async (kernel) => {
    using sockets = openSockets(kernel);
    const sizes = [1, 150_000, 130_000, 5, 400_000, 131_072];
    const sending = (async () => {
      for (const size of sizes) await sockets.sender.send(codec.encode({ bytes: payload(size) }).bytes);
      sockets.sender.end();
    })();
    const seen: boolean[] = [];
    await sockets.receiver.forEachFrame((frame) => {
      const size = sizes[seen.length] ?? -1;
      seen.push(frame.bytes.subarray(HEADER).equals(payload(size)));
    }, codec);
    await sending;
    expect(seen).toEqual(sizes.map(() => true));
  });

  test('a length that is only announced costs no memory', async (kernel) => {
    using sockets = openSockets(kernel);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(64 * MIB);
    const pending = sockets.receiver.frames(codec).next();
    const before = process.memoryUsage().arrayBuffers;
    await sockets.sender.send(Buffer.concat([header, Buffer.alloc(60_000)]));
    while (sockets.receiver.stats.bytesRead < 60_006) await new Promise(setImmediate);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * MIB);
    sockets.receiver.destroy();
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});
