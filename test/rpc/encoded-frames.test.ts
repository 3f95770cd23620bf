import { fstatSync } from 'node:fs';
import {
  type EncodedFrame,
  type FdSocket,
  fds,
  type FrameCodec,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import { dbusMessages, lengthPrefixed, type Payload, waylandMessages } from '../../packages/codec';
import { framed, give, jsonValues } from '../../packages/rpc';
import { PROTOCOL } from '../codec/wayland-protocol';
import { identity } from '../support/descriptors';

let sockets: FdSocket[];
let opened: OwnedFd[];

beforeEach(() => {
  sockets = [];
  opened = [];
});

afterEach(() => {
  OwnedFd.closeAll(opened);
  for (const socket of sockets) socket.destroy();
});

function pair(make: () => [FdSocket, FdSocket] = socketpair): [FdSocket, FdSocket] {
  const made = make();
  sockets.push(...made);
  return made;
}

function files(count: number): OwnedFd[] {
  const made = Array.from({ length: count }, () => fds.memfd('file'));
  opened.push(...made);
  return made;
}

const identities = (given: readonly OwnedFd[]): string[] => given.map(({ fd }) => identity(fd));

/** Sends frames as they are given; a frame that is received is eight bytes of length, and what follows. */
function asGiven(more: Partial<FrameCodec<Buffer, EncodedFrame>> = {}): FrameCodec<Buffer, EncodedFrame> {
  return {
    reads: 'greedy',
    measure: (buffered) =>
      buffered.length < 8 ? { need: 8 } : { length: Number(Buffer.from(buffered).readBigUInt64BE()), fds: 'attached' },
    decode: ({ bytes }) => bytes,
    encode: (frame) => frame,
    ...more,
  };
}

/** What each recvmsg of a peer that reads plainly returns: the bytes, and the descriptors by their files. */
function segments(socket: FdSocket): [text: string, files: string[]][] {
  const seen: [string, string[]][] = [];
  const memory = Buffer.alloc(1 << 20);
  for (;;) {
    try {
      const { bytesRead, fds: came } = raw.receiveMessage(socket.fd, memory);
      seen.push([memory.toString('latin1', 0, bytesRead), identities(came)]);
      OwnedFd.closeAll(came);
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
      return seen;
    }
  }
}

const CALL = { type: 'method_call', serial: 1, path: '/', member: 'M' } as const;
const PIECES = ['head', '', 'er, ', 'and a body'].map((text) => Buffer.from(text));

describe('a frame of several pieces', () => {
  it('is one sendmsg, with its descriptors', async () => {
    const [left, right] = pair();
    const sent = files(3);
    await framed(left, asGiven()).send({ bytes: PIECES, fds: sent });
    await framed(left, asGiven()).send({ bytes: PIECES });
    expect(segments(right)).toEqual([
      ['header, and a body', identities(sent)],
      ['header, and a body', []],
    ]);
    expect(left.stats).toMatchObject({ framesSent: 2, fdsSent: 3, bytesWritten: 36 });
  });

  it.each([
    ['on the kernel', socketpair],
    ['on the model', () => modelSocketPair({ seed: 7, faults: { rate: 0.2, what: ['short-write', 'eagain'] } })],
  ] as const)('of more bytes than fit arrives whole, in order, among others, %s', async (_where, make) => {
    const [left, right] = pair(make);
    const messages = framed(left, asGiven());
    const header = (length: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(length));
      return bytes;
    };
    const frames = Array.from({ length: 30 }, (_, index) => {
      const pieces = Array.from({ length: 1 + (index % 5) * 20 }, (_each, at) =>
        Buffer.alloc(1 + ((index * at) % 5000), at),
      );
      const length = pieces.reduce((sum, piece) => sum + piece.length, 8);
      return [header(length), ...pieces];
    });
    const sent = files(10);
    const sending = frames.map((bytes, index) =>
      messages.send({ bytes, fds: index % 3 === 0 ? sent.slice(0, index / 3) : [] }),
    );
    left.end();
    const came: [Buffer, string[]][] = [];
    for await (const frame of right.frames(asGiven())) {
      came.push([frame.bytes, identities(frame.fds)]);
      expect(frame.ambiguous).toBe(false);
      frame.close();
    }
    await Promise.all(sending);
    expect(
      came.map(([bytes]) => bytes.equals(Buffer.concat(frames[came.findIndex(([each]) => each === bytes)] ?? []))),
    ).toEqual(frames.map(() => true));
    expect(came.map(([, each]) => each)).toEqual(
      frames.map((_, index) => (index % 3 === 0 ? identities(sent.slice(0, index / 3)) : [])),
    );
  });

  it('fails as a whole when memory of a piece is gone before it is sent', async () => {
    const [left] = pair();
    const messages = framed(left, asGiven());
    const filling = messages.send({ bytes: Buffer.alloc(1 << 20) });
    const lost = new Uint8Array(16);
    const sending = messages.send({ bytes: [Buffer.from('head'), lost] });
    structuredClone(lost.buffer, { transfer: [lost.buffer] });
    left.on('error', () => undefined);
    const [segment] = segments(sockets[1] as FdSocket);
    expect(segment?.[0].length).toBeGreaterThan(0);
    const reading = (async () => {
      for await (const chunk of sockets[1] as AsyncIterable<Buffer>) expect(chunk.length).toBeGreaterThan(0);
    })();
    await filling;
    await expect(sending).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
    left.destroy();
    await reading;
  });

  it.each([[['text']], [[Buffer.from('a'), 5]], [new Set()], [undefined]])('%p are no pieces', async (bytes) => {
    const [left] = pair();
    const sending = framed(left, asGiven()).send({ bytes } as unknown as EncodedFrame);
    await expect(sending).rejects.toThrow(TypeError);
  });
});

describe('fdsPerSend', () => {
  it('spreads descriptors over the bytes of the frame, each part on the first byte of its own', async () => {
    const [left, right] = pair();
    const sent = files(8);
    await framed(left, asGiven({ fdsPerSend: 3 })).send({ bytes: PIECES, fds: sent });
    const names = identities(sent);
    expect(segments(right)).toEqual([
      ['h', names.slice(0, 3)],
      ['e', names.slice(3, 6)],
      ['ader, and a body', names.slice(6)],
    ]);
  });

  it('refuses a frame that has too few bytes for that', async () => {
    const [left, right] = pair();
    const sent = files(7);
    const sending = framed(left, asGiven({ fdsPerSend: 3 })).send({ bytes: Buffer.from('ab'), fds: sent });
    await expect(sending).rejects.toMatchObject({ code: 'ERR_FD_WITHOUT_BYTES' });
    expect(segments(right)).toEqual([]);
    expect(sent.every(({ closed }) => !closed)).toBe(true);
  });

  it.each([0, 254, 1.5, '28', NaN])('%p is no such number', async (fdsPerSend) => {
    const [left] = pair();
    const codec = asGiven({ fdsPerSend: fdsPerSend as number });
    await expect(framed(left, codec).send({ bytes: Buffer.from('a') })).rejects.toThrow(
      typeof fdsPerSend === 'number' ? RangeError : TypeError,
    );
  });
});

describe('transfer', () => {
  const open = (fd: number): boolean => {
    try {
      fstatSync(fd);
      return true;
    } catch {
      return false;
    }
  };

  it.each(['send', 'writeFds', 'encode'] as const)('closes those descriptors for which it is true: %s', async (how) => {
    const [left] = pair();
    const sent = files(3);
    const transfer = [false, true, true];
    const bytes = Buffer.from('bytes');
    if (how === 'send') await left.send(bytes, sent, { transfer });
    else if (how === 'encode') await framed(left, asGiven()).send({ bytes, fds: sent, transfer });
    else await new Promise<void>((resolve) => void left.writeFds(bytes, sent, { transfer }, () => resolve()));
    await new Promise(setImmediate);
    expect(sent.map(({ closed }) => closed)).toEqual(transfer);
  });

  it('closes them too where the frame cannot be sent', async () => {
    const [left] = pair();
    const sent = files(2);
    left.destroy();
    await expect(left.send('x', sent, { transfer: [true, false] })).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    expect(sent.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it.each([
    [[true], RangeError],
    [[true, 1], TypeError],
    ['true', TypeError],
  ] as const)('%j says nothing of two descriptors', async (transfer, error) => {
    const [left] = pair();
    const sent = files(2);
    await expect(left.send('x', sent, { transfer: transfer as unknown as boolean })).rejects.toThrow(error);
    expect(() => left.writeFds('x', sent, { transfer: transfer as unknown as boolean })).toThrow(error);
    expect(sent.every(({ fd }) => open(fd))).toBe(true);
  });
});

describe('a message that encode() refuses', () => {
  const frames = lengthPrefixed({ maxLength: 3 });
  const codecs: readonly (readonly [string, (socket: FdSocket, sent: OwnedFd[]) => Promise<void>, object])[] = [
    [
      'too long, of a codec of one’s own',
      (socket, sent) =>
        framed(socket, asGiven({ encode: (frame) => ({ ...frames.encode(frame as Payload), transfer: true }) })).send({
          bytes: Buffer.from('long'),
          fds: sent,
        }),
      { code: 'ERR_FRAME_TOO_LARGE' },
    ],
    [
      'too long, of D-Bus',
      (socket, sent) => framed(socket, dbusMessages({ maxLength: 32 })).send({ ...CALL, fds: sent, transfer: true }),
      { code: 'ERR_FRAME_TOO_LARGE' },
    ],
    [
      'with too many descriptors, of D-Bus',
      (socket, sent) => framed(socket, dbusMessages({ maxFds: 1 })).send({ ...CALL, fds: sent, transfer: true }),
      { name: 'RangeError' },
    ],
    [
      'of no object, of Wayland',
      (socket, [file]) =>
        framed(socket, waylandMessages(PROTOCOL, 'client')).send({
          object: 9,
          name: 'x',
          args: { fd: file as OwnedFd },
          transfer: true,
        }),
      { name: 'TypeError' },
    ],
  ];

  it.each(codecs)('%s, closes nothing, as wrong arguments do', async (_what, send, error) => {
    const [left] = pair();
    const sent = files(2);
    await expect(send(left, sent)).rejects.toMatchObject(error);
    expect(sent.map(({ closed }) => closed)).toEqual([false, false]);
    await expect(left.send(5 as never, sent, { transfer: true })).rejects.toThrow(TypeError);
    expect(sent.map(({ closed }) => closed)).toEqual([false, false]);
  });

  it('closes only what give() gave away', async () => {
    const [left] = pair();
    const [given, lent] = files(2) as [OwnedFd, OwnedFd];
    const messages = framed(left, jsonValues({ maxLength: 10 }));
    await expect(messages.send({ given: give(given), lent })).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
    expect([given.closed, lent.closed]).toEqual([true, false]);
  });
});

describe('a signal', () => {
  it('takes a message back that has to wait, and closes what was given away with it', async () => {
    const [left, right] = pair();
    const messages = framed(left, asGiven());
    const filling = messages.send({ bytes: Buffer.alloc(1 << 20, 'a') });
    const [given] = files(1);
    const controller = new AbortController();
    const sending = messages.send(
      { bytes: Buffer.from('b'), fds: given === undefined ? [] : [given], transfer: true },
      { signal: controller.signal },
    );
    controller.abort();
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
    expect(given?.closed).toBe(true);
    left.end();
    let length = 0;
    for await (const chunk of right as AsyncIterable<Buffer>) length += chunk.length;
    await filling;
    expect(length).toBe(1 << 20);
  });

  it('that is none is refused', async () => {
    const [left] = pair();
    const sending = framed(left, asGiven()).send({ bytes: Buffer.from('a') }, { timeout: 5 } as never);
    await expect(sending).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });
});

it('a codec that is only read with cannot send', async () => {
  const [left] = pair();
  const reading: FrameCodec<Buffer, never> = { measure: () => ({ need: 1 }), decode: ({ bytes }) => bytes };
  await expect(framed(left, reading).send(undefined as never)).rejects.toThrow(/has no function encode\(\)/);
});
