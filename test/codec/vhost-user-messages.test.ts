import { endianness } from 'node:os';
import { OwnedFd, socketpair } from '../../packages/ancillary';
import { type OutgoingVhostUserMessage, vhostUserMessages, type VhostUserMessagesOptions } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { Files, identitiesOf } from '../support/files';
import { closed } from '../support/peer';
import { measureAt, wholeOf } from './wire';

/** Numbers of 32 bits in the order of this machine. */
function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) {
    if (endianness() === 'LE') bytes.writeUInt32LE(number, 4 * index);
    else bytes.writeUInt32BE(number, 4 * index);
  }
  return bytes;
}

const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

it.each<[Partial<OutgoingVhostUserMessage>, number]>([
  [{}, 1],
  [{ reply: true }, 5],
  [{ needReply: true }, 9],
  [{ reply: true, needReply: true }, 13],
])('%j puts request, flags, size and payload on the wire', (given, flags) => {
  const payload = Buffer.from('payload!');
  const encoded = vhostUserMessages().encode({ request: 5, payload, ...given });
  expect(wholeOf(encoded)).toEqual(Buffer.concat([words(5, flags, 8), payload]));
});

it('reads the header alone first, and never further than the message, as its peers do', () => {
  const codec = vhostUserMessages();
  expect([codec.reads, codec.fdsPerSend]).toEqual(['bounded', 8]);
  expect(codec.measure(Buffer.alloc(11), 0)).toEqual({ need: 12 });
  expect(codec.measure(words(1, 1, 8), 0)).toEqual({ length: 20, fds: 'attached' });
  expect(measureAt(codec, Buffer.concat([Buffer.alloc(3), words(1, 1, 8)]), 3)).toEqual({
    length: 20,
    fds: 'attached',
  });
});

it.each([0, 2, 3])('refuses version %d', (version) => {
  expect(() => vhostUserMessages().measure(words(1, version, 0), 0)).toThrow(refused('ERR_FRAME_INVALID'));
});

it('a payload longer than allowed is refused before anything is allocated, both ways', () => {
  const tooLarge = refused('ERR_FRAME_TOO_LARGE');
  expect(() => vhostUserMessages().measure(words(1, 1, 0xffff_ffff), 0)).toThrow(tooLarge);
  expect(() => vhostUserMessages().measure(words(1, 1, 65_537), 0)).toThrow(tooLarge);
  expect(vhostUserMessages({ maxLength: 3 }).measure(words(1, 1, 3), 0)).toEqual({ length: 15, fds: 'attached' });
  expect(() => vhostUserMessages({ maxLength: 3 }).encode({ request: 1, payload: Buffer.alloc(4) })).toThrow(tooLarge);
});

it('messages come back, each with its own descriptors', async () => {
  const [left, right] = socketpair();
  using files = new Files(8);
  const sender = framed(left, vhostUserMessages());
  const sent = [0, 1, 8, 0, 2, 8].map((count, index) => ({
    request: index === 0 ? 0xffff_ffff : index,
    reply: index % 2 === 0,
    needReply: index % 3 === 0,
    payload: Buffer.alloc(index * 1000, index),
    fds: files.owned.slice(0, count),
  }));
  const ended = Promise.all(sent.map((message) => sender.send(message))).then(() => left.end());
  const came = [];
  for await (const message of framed(right, vhostUserMessages())) {
    came.push({ ...message, fds: identitiesOf(message.fds) });
    OwnedFd.closeAll(message.fds);
  }
  await ended;
  expect(came).toEqual(sent.map((message) => ({ ...message, fds: identitiesOf(message.fds) })));
  await closed(left, right);
});

it('more than 8 descriptors are ERR_FD_SURPLUS, and all are closed', async () => {
  const [left, right] = socketpair();
  using files = new Files(9);
  await left.send(words(1, 1, 0), files.owned);
  const messages = framed(right, vhostUserMessages())[Symbol.asyncIterator]();
  await expect(messages.next()).rejects.toMatchObject({ code: 'ERR_FD_SURPLUS' });
  await closed(left, right);
});

it.each([
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  [{ request: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ request: 2 ** 32 }, 'ERR_OUT_OF_RANGE'],
  [{ request: 1, payload: 'text' }, 'ERR_INVALID_ARG_TYPE'],
  [{ request: 1, reply: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ request: 1, fds: 3 }, 'ERR_INVALID_ARG_TYPE'],
  [{ request: 1, fds: [0, 0, 0, 0, 0, 0, 0, 0, 0] }, 'ERR_OUT_OF_RANGE'],
])('refuses to send %p', (message, code) => {
  expect(() => vhostUserMessages().encode(message as OutgoingVhostUserMessage)).toThrow(refused(code));
});

it.each([{ maxLength: -1 }, { maxlength: 3 }])('%j is no choice', (options) => {
  expect(() => vhostUserMessages(options as VhostUserMessagesOptions)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_/) as string }) as Error,
  );
});

it('messages that came in one sendmsg with descriptors are marked, and the first one has them', async () => {
  const [left, right] = socketpair();
  using files = new Files(1);
  await left.send(Buffer.concat([words(1, 1, 0), words(2, 1, 0)]), files.owned);
  await left.send(words(3, 1, 0), files.owned);
  left.end();
  const came = [];
  for await (const { request, fds, ambiguous } of framed(right, vhostUserMessages())) {
    came.push([request, fds.length, ambiguous]);
    OwnedFd.closeAll(fds);
  }
  expect(came).toEqual([
    [1, 1, true],
    [2, 0, true],
    [3, 1, undefined],
  ]);
  await closed(left, right);
});
