import { AncillaryError } from '../../packages/binding';
import { lengthPrefixed } from '../../packages/codec';
import type { Discarded } from '../../packages/stream';
import { closed, codeOf, nextOf } from '../socket/sockets';
import { openEnd, quiet, until } from './ends';
import { onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { received, SentFiles } from './sent-files';
import { fill, openSockets } from './sockets';

// destroy() of an FdSocket: whatever it holds is closed, whoever waits is told, and what was handed out stays.

onEach(kernelsWithFaults, (test) => {
  test('descriptors are closed that wait in the kernel, in the queue, and in a frame that is incomplete', async (kernel) => {
    using sockets = openSockets(kernel, { maxQueuedFds: 2 });
    const { sender, receiver } = sockets;
    const discarded: Discarded[] = [];
    receiver.on('discarded', (each) => discarded.push(each));
    const pairs = Array.from({ length: 6 }, () => kernel.bindings[0].socketpair());
    const witnesses = pairs.map(([kept]) => openEnd(kernel, kept, 0));
    for (const [, given] of pairs) await sender.send('\x05\x02a', [given], { transfer: true });
    for (const { socket } of witnesses) socket.watchHangup();
    const next = receiver.frames(lengthPrefixed({ lengthBytes: 1, countBytes: 1 })).next();
    await until(() => receiver.stats.fdsReceived > 0);
    receiver.destroy();
    // A frame may have been whole by then; what is in the user's hands is the user's.
    const result = await next;
    if (result.done !== true) result.value.close();
    await until(() => witnesses.every(({ told }) => told.hangups === 1));
    await quiet();
    expect(discarded.reduce((sum, { count }) => sum + count, 0)).toBe(receiver.stats.fdsClosed);
    for (const { socket } of witnesses) socket.close();
  });

  test('everybody who waits is given the reason, once, and what they held is closed', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    const [borrowed, given] = files.owned;
    if (borrowed === undefined || given === undefined) throw new Error('two were opened');
    const reason = new AncillaryError('ERR_FD_REFUSED', 'enough');
    const errors: unknown[] = [];
    sender.on('error', (error) => errors.push(error));
    fill(sender);
    const waiting = [
      sender.send('a', [borrowed]),
      sender.send('b', [given], { transfer: true }),
      sender.send('c'),
      sender.receive(1),
    ];
    sender.destroy(reason);
    for (const each of waiting) await expect(each).rejects.toBe(reason);
    expect(await codeOf(() => sender.send('late'))).toBe('ERR_FD_REFUSED');
    await closed(sender);
    expect([errors, given.closed, borrowed.closed]).toEqual([[reason], true, false]);
  });

  test('destroy() without a reason ends loops, and fails receive() and send() with ERR_FD_CLOSED', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    const frames = receiver.frames();
    const [next, loop] = [frames.next(), frames.next()];
    const sent = codeOf(() => sender.send(Buffer.alloc(3_000_000)));
    const waiting = codeOf(() => sender.receive(1));
    sender.destroy();
    expect(await Promise.all([sent, waiting])).toEqual(['ERR_FD_CLOSED', 'ERR_FD_CLOSED']);
    receiver.destroy();
    await Promise.all([next, loop]);
    expect(await frames.next()).toEqual({ done: true, value: undefined });
    expect(await codeOf(() => receiver.receive(1))).toBe('ERR_FD_CLOSED');
    expect([sender.fd, receiver.fd]).toEqual([-1, -1]);
  });

  test('frames that stand behind written chunks are given the reason too', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender } = sockets;
    fill(sender);
    const sent = ['x', 'y'].map((text) => codeOf(() => sender.send(text)));
    sender.destroy();
    expect(await Promise.all(sent)).toEqual(['ERR_FD_CLOSED', 'ERR_FD_CLOSED']);
  });

  test('what was handed out before stays open and belongs to whoever took it', async (kernel) => {
    using files = new SentFiles(kernel, 2);
    using sockets = openSockets(kernel);
    await sockets.sender.send('ab', files.numbers);
    using frame = await sockets.receiver.receive(2);
    sockets.receiver.destroy();
    sockets.sender.destroy();
    await quiet();
    expect(received(kernel, frame.fds)).toEqual(files.identities);
  });

  test('destroy() inside a loop ends it, and closes the frames that nobody took', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
    for (let count = 0; count < 5; count++) await sockets.sender.send('\x01\x01x', files.numbers);
    let count = 0;
    for await (const frame of sockets.receiver.frames(codec)) {
      frame.close();
      count++;
      sockets.receiver.destroy();
    }
    const { fdsReceived, fdsClosed } = sockets.receiver.stats;
    expect([count, fdsReceived - fdsClosed]).toEqual([1, 1]);
  });

  test('a peer that is destroyed in the middle of a frame ends the stream there', async (kernel) => {
    using files = new SentFiles(kernel, 1);
    using sockets = openSockets(kernel);
    const codec = lengthPrefixed({ lengthBytes: 1, countBytes: 1 });
    await sockets.sender.send('\x01\x01x', files.numbers);
    await sockets.sender.send('\x09\x01x', files.numbers);
    sockets.sender.destroy();
    const frames = sockets.receiver.frames(codec);
    const frame = await nextOf(frames);
    expect(received(kernel, frame.fds)).toEqual(files.identities);
    frame.close();
    await expect(frames.next()).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
    expect(sockets.receiver.stats.fdsClosed).toBe(1);
  });
});
