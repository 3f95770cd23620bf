import {
  type CodecFactory,
  type FdFrame,
  type FdLike,
  type FdSocket,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { type ChangedFrame, forward, ForwardError, type Side } from '../../packages/ancillary/proxy';
import { lengthPrefixed, type LengthPrefixedMessage } from '../../packages/codec';
import { settled, until } from '../hostile/until';
import { bytesOf, codeOf, destroyed, nextOf } from '../socket/sockets';
import { identity } from '../support/descriptors';
import { Files, identitiesOf } from '../support/files';
import { between } from './between';

const codec = lengthPrefixed();

/** A whole frame. */
function encoded(text: string, count = 0): Buffer {
  const frame = Buffer.from(codec.encode({ bytes: Buffer.from(text) }).bytes);
  frame.writeUInt16BE(count, 4);
  return frame;
}

/** The text of a frame and whose descriptors it has, which are closed. */
function seenOf(frame: FdFrame): { text: string; files: string[] } {
  const { bytes, fds: received } = codec.decode(frame);
  const files = received.map(({ fd }) => identity(fd));
  OwnedFd.closeAll(received);
  return { text: bytes.toString(), files };
}

describe('without a codec', () => {
  it('passes on what is read at once as it came, with its descriptors, both ways', async () => {
    await using middle = between();
    using files = new Files(3);
    const [one, two, three] = files.numbers as [number, number, number];
    for (const [sender, receiver] of [
      [middle.client, middle.server],
      [middle.server, middle.client],
    ] as const) {
      const frames = receiver.frames();
      for (const [bytes, sent] of [
        ['plain', []],
        ['one', [one]],
        ['two', [two, three]],
      ] as const) {
        await sender.send(bytes, sent);
        const frame = await nextOf(frames);
        expect(frame.bytes.toString()).toBe(bytes);
        expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(
          sent.map((fd) => files.identities[files.numbers.indexOf(fd)]),
        );
        frame.close();
      }
      await frames.return?.();
    }
    const passed = { bytes: 11, frames: 3, fds: 3, refused: 0 };
    expect(middle.forwarding.totals).toMatchObject({ from: passed, to: passed });
  });

  it('brings a descriptor with the first byte of what it came with, so none comes late', async () => {
    await using middle = between();
    using files = new Files(1);
    // Read at once, in one window: only its last byte is known to have had the descriptor.
    middle.client.write('plain, ');
    middle.client.writeFds('with one', files.numbers);
    await until(() => middle.forwarding.totals.from.fds === 1);
    const buffer = Buffer.alloc(1);
    for (let at = 0; at < middle.forwarding.totals.from.bytes; at++) {
      const { fds: received } = raw.receiveMessage(middle.server, buffer);
      const last = Buffer.from('plain, ').length;
      if (received.length > 0) expect(at).toBeLessThanOrEqual(last);
      OwnedFd.closeAll(received);
    }
  });
});

describe('with a codec', () => {
  it('passes on each message with its own descriptors, however it was cut and joined on the way', async () => {
    await using middle = between({ codec });
    using files = new Files(300);
    const sent: { text: string; files: string[] }[] = [];
    for (let index = 0; index < 1000; index++) {
      const count = index % 4;
      const at = (index * 7) % 290;
      const text = `message ${index} ${'.'.repeat(index % 97)}`;
      sent.push({ text, files: files.identities.slice(at, at + count) });
      const frame = encoded(text, count);
      if (index % 5 === 0 && count > 0) {
        // Its tail comes later.
        middle.client.writeFds(frame.subarray(0, 3), files.numbers.slice(at, at + count));
        middle.client.write(frame.subarray(3));
      } else if (count > 0) middle.client.writeFds(frame, files.numbers.slice(at, at + count));
      else middle.client.write(frame);
    }
    middle.client.end();
    const arrived: { text: string; files: string[] }[] = [];
    for await (const frame of middle.server.frames(codec)) arrived.push(seenOf(frame));
    expect(arrived).toEqual(sent);
    middle.server.end();
    await expect(middle.forwarding).resolves.toMatchObject({ from: { frames: 1000, fds: 1500 }, to: { frames: 0 } });
  });

  it('may have one for each direction, and a function that makes it is told which connections it is for', async () => {
    const made: [FdSocket, FdSocket | undefined][] = [];
    const factory: CodecFactory<LengthPrefixedMessage, never> = ({ socket, forwardedTo }) => {
      made.push([socket, forwardedTo]);
      return codec;
    };
    await using middle = between({ codec: { from: factory, to: lengthPrefixed({ lengthBytes: 1 }) } });
    await middle.client.send(encoded('four'));
    await middle.server.send(Buffer.from('\x01\x00\x00!'));
    expect(seenOf(await middle.server.receive(10))).toMatchObject({ text: 'four' });
    expect((await middle.client.receive(4)).bytes.at(-1)).toBe(0x21);
    expect(made).toEqual([[middle.from, middle.to]]);
    await until(() => middle.forwarding.totals.to.frames === 1);
  });

  it('sends a peer no more descriptors at once than it has room for', async () => {
    await using middle = between({ codec: { from: codec, to: { ...codec, fdsPerSend: 2 } } });
    using files = new Files(5);
    await middle.client.send(encoded('five', 5), files.numbers);
    const buffer = Buffer.alloc(100);
    const received: number[] = [];
    const identities: string[] = [];
    let bytes = 0;
    await until(() => {
      try {
        const { bytesRead, fds: own } = raw.receiveMessage(middle.server, buffer);
        bytes += bytesRead;
        if (own.length > 0) received.push(own.length);
        identities.push(...identitiesOf(own));
        OwnedFd.closeAll(own);
      } catch (error) {
        expect(error).toMatchObject({ code: 'EAGAIN' });
      }
      return bytes === 10;
    });
    expect(received).toEqual([2, 2, 1]);
    expect(identities).toEqual(files.identities);
  });

  it('hands on what was read ahead by what came before it', async () => {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    using files = new Files(1);
    client.write('hello');
    client.writeFds(encoded('first', 1), files.numbers);
    expect((await from.receive(5)).bytes.toString()).toBe('hello');
    const forwarding = forward(from, to, { codec });
    expect(seenOf(await nextOf(server.frames(codec)))).toEqual({ text: 'first', files: files.identities });
    expect(forwarding.totals.from).toEqual({ bytes: 11, frames: 1, fds: 1, refused: 0 });
    await destroyed(client, server, from, to);
    await forwarding;
  });
});

describe('seen()', () => {
  it('sees each frame and the side that it comes from, and its message, and what it looks at is passed on', async () => {
    const seen: unknown[] = [];
    await using middle = between({
      codec,
      seen(frame, { side, from, to, message }) {
        expect([from, to]).toEqual([middle.from, middle.to]);
        const { bytes, fds: own } = message();
        // Twice, since it takes nothing away.
        expect(message().fds).toEqual(own);
        seen.push([side, bytes.toString(), own.length, frame.range.start]);
        frame.fds.splice(0);
      },
    });
    using files = new Files(2);
    await middle.client.send(encoded('request', 2), files.numbers);
    expect(seenOf(await nextOf(middle.server.frames(codec)))).toEqual({ text: 'request', files: files.identities });
    await middle.server.send(encoded('answer'));
    expect(seenOf(await nextOf(middle.client.frames(codec)))).toEqual({ text: 'answer', files: [] });
    expect(seen).toEqual([
      ['from', 'request', 2, 0],
      ['to', 'answer', 0, 0],
    ]);
  });

  it('changes a frame: bytes, descriptors of the frame and others', async () => {
    using own = new Files(1);
    const given = new Files(1);
    await using middle = between({
      codec,
      seen: ({ fds: [, second] }) => ({
        bytes: encoded('other', 3),
        fds: [own.owned[0], second, given.owned[0]] as FdLike[],
        transfer: false,
      }),
    });
    using files = new Files(2);
    await middle.client.send(encoded('this', 2), files.numbers);
    expect(seenOf(await nextOf(middle.server.frames(codec)))).toEqual({
      text: 'other',
      files: [...own.identities, files.identities[1], ...given.identities],
    });
    given[Symbol.dispose]();
  });

  it('changes a frame to several pieces, and gives away some of their descriptors', async () => {
    using kept = new Files(1);
    const given = new Files(1);
    await using middle = between({
      seen: () => ({
        bytes: [Buffer.from('several '), Buffer.from('pieces')],
        fds: [...kept.owned, ...given.owned],
        transfer: [false, true],
      }),
    });
    middle.client.write('something');
    const frame = await middle.server.receive(14);
    expect([frame.bytes.toString(), identitiesOf(frame.fds)]).toEqual([
      'several pieces',
      [...kept.identities, ...given.identities],
    ]);
    frame.close();
    await until(() => given.owned[0]?.closed === true);
    expect(kept.owned[0]?.closed).toBe(false);
  });

  it('closes descriptors of its own with transfer, once they were sent', async () => {
    const given = new Files(1);
    await using middle = between({ seen: () => ({ bytes: Buffer.from('.'), fds: given.owned, transfer: true }) });
    middle.client.write('something');
    const frame = await nextOf(middle.server.frames());
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(given.identities);
    frame.close();
    expect(given.owned.map(({ closed }) => closed)).toEqual([true]);
  });

  it.each([
    ['at once', <T>(verdict: T) => verdict],
    ['later', <T>(verdict: T) => Promise.resolve(verdict)],
  ])('keeps a frame back, %s: its descriptors are closed, and the next one follows', async (_when, answer) => {
    await using middle = between({
      codec,
      seen: ({ bytes }) => answer(bytes.includes('secret') ? false : undefined) as false,
    });
    using files = new Files(2);
    await middle.client.send(encoded('secret', 2), files.numbers);
    await middle.client.send(encoded('public', 1), [files.numbers[0] as number]);
    expect(seenOf(await nextOf(middle.server.frames(codec)))).toMatchObject({ text: 'public' });
    expect(middle.forwarding.totals.from).toMatchObject({ frames: 1, fds: 1, refused: 1 });
  });

  it.each([
    [
      'throws',
      (error: Error) => {
        throw error;
      },
    ],
    ['rejects', (error: Error) => Promise.reject(error)],
  ])('ends both connections where it %s, with that very error, and what passed before arrives', async (_how, fail) => {
    const error = new Error('not through me');
    await using middle = between({
      codec,
      seen: ({ bytes }): undefined => (bytes.includes('secret') ? (fail(error) as unknown as undefined) : undefined),
    });
    using files = new Files(2);
    await middle.client.send(encoded('public', 2), files.numbers);
    await middle.client.send(encoded('secret', 2), files.numbers);
    const arrived: string[] = [];
    for await (const frame of middle.server.frames(codec)) arrived.push(seenOf(frame).text);
    expect(arrived).toEqual(['public']);
    expect(await settled(middle.forwarding)).toEqual({ status: 'rejected', reason: error });
  });

  it('keeps the order of frames while it takes its time, and the other direction goes on', async () => {
    const release: (() => void)[] = [];
    await using middle = between({
      codec,
      seen: (_frame, { side }) => (side === 'to' ? undefined : new Promise<void>((resolve) => release.push(resolve))),
    });
    await middle.client.send(encoded('first'));
    await middle.client.send(encoded('second'));
    await until(() => release.length === 1);
    await middle.server.send(encoded('meanwhile'));
    expect(seenOf(await nextOf(middle.client.frames(codec)))).toMatchObject({ text: 'meanwhile' });
    const frames = middle.server.frames(codec);
    release.shift()?.();
    expect(seenOf(await nextOf(frames))).toMatchObject({ text: 'first' });
    await until(() => release.length === 1);
    release.shift()?.();
    expect(seenOf(await nextOf(frames))).toMatchObject({ text: 'second' });
  });

  it('has frames of both sides in turn, where one side sends many at once', async () => {
    const sides: Side[] = [];
    await using middle = between({ codec, seen: (_frame, { side }) => void sides.push(side) });
    middle.client.write(Buffer.concat(Array.from({ length: 1000 }, () => encoded('request'))));
    await middle.server.send(encoded('answer'));
    await until(() => sides.length === 1001);
    expect(sides.indexOf('to')).toBeLessThan(200);
  });

  it('still passes on the last frame when its connection ended meanwhile', async () => {
    let release = (): void => undefined;
    await using middle = between({ seen: () => new Promise<void>((resolve) => (release = resolve)) });
    middle.client.end('the last words');
    await until(() => middle.from.stats.framesReceived === 1);
    middle.client.destroy();
    release();
    expect((await bytesOf(middle.server)).toString()).toBe('the last words');
    middle.server.end();
    await expect(middle.forwarding).resolves.toMatchObject({ from: { bytes: 14 } });
  });

  it('ends both where a verdict cannot even be asked', async () => {
    const error = new Error('do not ask');
    const verdict = Object.defineProperty({}, 'then', {
      get: () => {
        throw error;
      },
    });
    await using middle = between({ seen: () => verdict as never });
    using files = new Files(1);
    await middle.client.send('x', files.numbers);
    expect(await settled(middle.forwarding)).toEqual({ status: 'rejected', reason: error });
  });

  it.each([null, true, 'text', Buffer.from('bytes'), {}])('refuses %p in place of a verdict', async (verdict) => {
    await using middle = between({ seen: () => verdict as never });
    using files = new Files(1);
    await middle.client.send('x', files.numbers);
    expect(await settled(middle.forwarding)).toMatchObject({ reason: { code: 'ERR_INVALID_ARG_TYPE' } });
  });

  it.each([
    ['descriptors without bytes', { bytes: Buffer.alloc(0), fds: [0] }, 'ERR_FD_WITHOUT_BYTES'],
    ['what is no descriptor', { bytes: Buffer.from('x'), fds: ['file'] }, 'ERR_INVALID_ARG_TYPE'],
    ['what is not open', { bytes: Buffer.from('x'), fds: [1_000_000] }, 'EBADF'],
  ])('ends both where it changes a frame to %s: neither side is to blame', async (_what, changed, code) => {
    await using middle = between({ seen: () => changed as ChangedFrame });
    using files = new Files(1);
    await middle.client.send('x', files.numbers);
    const outcome = (await settled(middle.forwarding)) as { reason: unknown };
    expect(outcome.reason).not.toBeInstanceOf(ForwardError);
    expect(outcome.reason).toMatchObject({ code });
  });

  it('says so where it took a descriptor of a frame and passes the frame on as it came', async () => {
    await using middle = between({ seen: ({ fds: [first] }) => first?.close() });
    using files = new Files(1);
    await middle.client.send('x', files.numbers);
    expect(await settled(middle.forwarding)).toMatchObject({ reason: { code: 'ERR_FD_CLOSED' } });
  });

  it('tells the side whose message cannot be decoded', async () => {
    const picky = {
      ...codec,
      decode: () => {
        throw new Error('no message');
      },
    };
    await using middle = between({ codec: picky, seen: (_frame, { message }) => void message() });
    using files = new Files(1);
    await middle.client.send(encoded('x', 1), files.numbers);
    expect(await settled(middle.forwarding)).toMatchObject({
      reason: { side: 'from', cause: { message: 'no message' } },
    });
  });
});

describe('arguments', () => {
  it.each([
    ['no socket', [undefined, undefined]],
    ['no second socket', ['from', {}]],
    ['an option that there is not', ['from', 'to', { codecs: codec }]],
    ['what is no codec', ['from', 'to', { codec: {} }]],
    ['a codec for one direction alone', ['from', 'to', { codec: { from: codec } }]],
    ['what is no function', ['from', 'to', { seen: true }]],
    ['what is no signal', ['from', 'to', { signal: 'now' }]],
  ])('refuses %s, and leaves the sockets as they were', async (_what, given) => {
    const [from, to] = socketpair();
    const sockets: Record<string, unknown> = { from, to };
    const args = given.map((each) => (typeof each === 'string' ? sockets[each] : each)) as Parameters<typeof forward>;
    expect(await codeOf(() => forward(...args))).toMatch(/^ERR_INVALID_ARG/);
    await from.send('still open');
    expect((await to.receive(10)).bytes.toString()).toBe('still open');
    await destroyed(from, to);
  });
});
