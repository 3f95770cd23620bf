import type { FdFrame } from '../../packages/stream';
import { lengthPrefixed } from '../../packages/codec';
import { nextOf } from '../socket/sockets';
import { readables } from '../support/readable';
import { onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { SentFiles } from './sent-files';
import { openSockets, take } from './sockets';

// Bytes first, as of somebody else's handshake, and frames after them, each with its own descriptors.

const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
const HANDSHAKE = 'hello\n';

onEach(kernelsWithFaults, (test) => {
  test(`what a listener of 'data' gives back by unshift() becomes frames, with their descriptors`, async (kernel) => {
    using files = new SentFiles(kernel, 3);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const [a = -1, b = -1, c = -1] = files.numbers;
    const sends = [sender.send(HANDSHAKE), sender.send('\x01\x01A', [a]), sender.send('\x01\x00.')];
    sends.push(sender.send('\x02\x02BC', [b, c]));
    sender.end();
    await new Promise<void>((resolve) => {
      let text = '';
      receiver.on('data', function read(chunk: Buffer) {
        text += chunk.toString('latin1');
        if (!text.includes('\n')) return;
        // Without a listener bytes would flow to nobody.
        receiver.pause();
        receiver.off('data', read);
        receiver.unshift(Buffer.from(text.slice(HANDSHAKE.length), 'latin1'));
        resolve();
      });
    });
    const seen: [string, string[]][] = [];
    for await (const frame of receiver.frames(codec)) seen.push(take(kernel, frame));
    await Promise.all(sends);
    const [ia, ib, ic] = files.identities;
    expect(seen).toEqual([
      ['\x01\x01A', [ia]],
      ['\x01\x00.', []],
      ['\x02\x02BC', [ib, ic]],
    ]);
    expect(receiver.stats.fdsClosed).toBe(0);
  });

  test('what the Readable holds becomes frames, whatever part of it was read', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const [a = -1, b = -1] = files.numbers;
    const sends = [sender.send(HANDSHAKE), sender.send('\x01\x01A', [a]), sender.send('\x01\x01B', [b])];
    const more = readables(receiver);
    let piece: Buffer | null = null;
    for (let turn = 0; turn < 1_000 && piece === null; turn++) {
      piece = receiver.read(HANDSHAKE.length) as Buffer | null;
      if (piece === null) await more();
    }
    receiver.removeAllListeners('readable');
    const frames: AsyncIterator<FdFrame> = receiver.frames(codec);
    const seen = [take(kernel, await nextOf(frames)), take(kernel, await nextOf(frames))];
    await Promise.all(sends);
    expect([piece?.toString(), ...seen]).toEqual([
      HANDSHAKE,
      ['\x01\x01A', [files.identities[0]]],
      ['\x01\x01B', [files.identities[1]]],
    ]);
  });
});
