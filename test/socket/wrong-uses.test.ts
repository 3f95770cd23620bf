import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import {
  adopt,
  connect,
  fds,
  FdServer,
  FdSocket,
  handoff,
  listen,
  OwnedFd,
  raw,
  socketpair,
} from '../../packages/ancillary';
import { modelSocketPair } from '../../packages/ancillary/testing';
import {
  contentLength,
  dbusMessages,
  delimited,
  type FrameCodec,
  lengthPrefixed,
  varlinkMessages,
  vhostUserMessages,
  waylandMessages,
} from '../../packages/codec';
import { framed, give, rpc } from '../../packages/rpc';
import { left, memory, right } from './lent';

// What somebody new writes in plain JavaScript. Each message names the argument, says what was given and what to do.

const wrong = (value: unknown): never => value as never;

let closed: OwnedFd;
beforeEach(() => {
  closed = memory.dup();
  closed.close();
});

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';

class Codec implements FrameCodec<string> {
  measure() {
    return { need: 1 };
  }
  decode() {
    return '';
  }
  encode() {
    return { bytes: Buffer.from('x') };
  }
}

const pending = () => wrong(new Promise(() => undefined));
/** A codec of which one function is wrong. */
const withWrong = (part: object): FrameCodec<unknown> => wrong({ ...lengthPrefixed(), ...part });
const encoding = (encode: () => unknown) => framed(left, withWrong({ encode })).send('x');
async function reading(codec: FrameCodec<unknown>): Promise<unknown> {
  right.write('some bytes\n');
  return left.frames(codec).next();
}
const measuring = (measure: () => unknown) => reading(withWrong({ measure }));
async function firstOf(iterable: AsyncIterable<unknown>): Promise<unknown> {
  for await (const each of iterable) return each;
  return undefined;
}
const streams: fs.ReadStream[] = [];
/** A thread of Node's opens it, and closes it again, whenever it gets its turn. */
function opening(): fs.ReadStream {
  const stream = fs.createReadStream(__filename);
  stream.once('ready', () => stream.destroy());
  streams.push(stream);
  return stream;
}
afterEach(async () => {
  for (const stream of streams.splice(0)) if (!stream.closed) await once(stream, 'close');
});
function withFile(use: (fd: number) => void, path = __filename): void {
  const fd = fs.openSync(path, 'r');
  try {
    use(fd);
  } finally {
    fs.closeSync(fd);
  }
}
function withOwned(owned: readonly [OwnedFd, ...OwnedFd[]], use: (first: OwnedFd) => void): void {
  try {
    use(owned[0]);
  } finally {
    OwnedFd.closeAll(owned);
  }
}
function unbound(): dgram.Socket {
  const socket = dgram.createSocket('udp4');
  setImmediate(() => socket.close());
  return socket;
}
const construct = (made: unknown, ...given: unknown[]): unknown => Reflect.construct(made as typeof Object, given);

const uses: readonly (readonly [use: string, attempt: () => unknown, code: string, message: RegExp])[] = [
  ['closeAll(5)', () => OwnedFd.closeAll(wrong(5)), TYPE, /^owned is an array of OwnedFds, .*, not 5$/],
  ['closeAll(fd)', () => OwnedFd.closeAll(wrong(memory)), TYPE, /^owned is an array .*, not an instance of OwnedFd$/],
  ['closeAll()', () => OwnedFd.closeAll(wrong(undefined)), TYPE, /^owned is an array .*, not undefined$/],
  [
    'new FdSocket()',
    () => construct(FdSocket),
    TYPE,
    /^new FdSocket\(\) has no socket: use connect\(address\), listen/,
  ],
  [
    "new FdSocket('/x')",
    () => construct(FdSocket, '/x'),
    TYPE,
    /^new FdSocket\(\) has no socket: use connect\(address\)/,
  ],
  ['new FdServer()', () => construct(FdServer), TYPE, /^new FdServer\(\) has no socket: use listen\(address\)$/],
  ['new FdServer({})', () => construct(FdServer, {}), TYPE, /^new FdServer\(\) has no socket: use listen\(address\)$/],
  ['new OwnedFd(5)', () => construct(OwnedFd, 5), TYPE, /^OwnedFd\.adopt\(fd\) takes a descriptor over, new OwnedFd/],

  ['send(promise)', () => left.send(pending()), TYPE, /^bytes is .*, not a Promise: await it first$/],
  [
    'send(x, promise)',
    () => left.send('x', pending()),
    TYPE,
    /^fds, .*\[fd\], is an array .*, not a Promise: await it/,
  ],
  [
    'send(x, [promise])',
    () => left.send('x', [pending()]),
    TYPE,
    /^fds\[0\] is a descriptor.*, not a Promise: await it/,
  ],
  ['adopt(promise)', () => adopt(pending()), TYPE, /^source is .*, not a Promise: await it first$/],
  ['connect(promise)', () => connect(pending()), VALUE, /^address is .*, not a Promise: await it first$/],
  [
    'connect(x, promise)',
    () => connect('/x', pending()),
    TYPE,
    /^options is an object, not a Promise: await it first$/,
  ],
  [
    'framed(promise)',
    () => framed(pending(), new Codec()),
    TYPE,
    /^socket is an FdSocket.*, not a Promise: await it first$/,
  ],
  [
    'framed(x, promise)',
    () => framed(left, pending()),
    TYPE,
    /^codec is a FrameCodec.*, not a Promise: await it first$/,
  ],
  ['sendFd(promise)', () => handoff.sendFd(pending(), memory), TYPE, /^socket is .*, not a Promise: await it first$/],
  [
    'describeFd(promise)',
    () => fds.describeFd(pending()),
    TYPE,
    /^fd is a descriptor: .*, not a Promise: await it first$/,
  ],

  [
    'a path of 200 bytes',
    () => connect(`/${'x'.repeat(199)}`),
    'ENAMETOOLONG',
    /has 200 bytes, .* at most \d+; use a shorter/,
  ],
  [
    'encode() of a string',
    () => encoding(() => 'text'),
    TYPE,
    /^codec\.encode\(\) returns { bytes, fds }, .*, not 'text'$/,
  ],
  [
    'encode() of bytes',
    () => encoding(() => Buffer.from('x')),
    TYPE,
    /^codec\.encode\(\) .*, not an instance of Buffer$/,
  ],
  ['encode() of nothing', () => encoding(() => undefined), TYPE, /^codec\.encode\(\) returns .*, not undefined$/],
  ['an async encode()', () => encoding(() => Promise.resolve()), TYPE, /^codec\.encode\(\) .*, at once, not a Promise/],
  ['encode() of a list', () => encoding(() => ({ bytes: [1] })), TYPE, /^bytes\[0\] is a Uint8Array.*, not 1$/],
  [
    'measure() of nothing',
    () => measuring(() => undefined),
    RANGE,
    /codec's measure\(\) returned undefined .*: need must be/,
  ],
  [
    'an async measure()',
    () => measuring(() => Promise.resolve()),
    TYPE,
    /^the codec's measure\(\) returns its answer at once, and returned a Promise: make it a function that is not async$/,
  ],

  [
    'framed(x, Codec)',
    () => framed(left, wrong(Codec)),
    TYPE,
    /^codec is a FrameCodec.*, not the class Codec itself: give it an i/,
  ],
  [
    'frames(Codec)',
    () => left.frames(wrong(Codec)).next(),
    TYPE,
    /^codec is a FrameCodec.*, not the class Codec itself: give/,
  ],
  [
    'frames(lengthPrefixed)',
    () => left.frames(wrong(lengthPrefixed)),
    TYPE,
    /^codec is a FrameCodec, such as lengthPrefixed\(\) returns, not the function lengthPrefixed itself: call it$/,
  ],
  ...[contentLength, dbusMessages, delimited, lengthPrefixed, varlinkMessages, vhostUserMessages, waylandMessages].map(
    (codec): (typeof uses)[number] => [
      `framed(x, ${codec.name})`,
      () => framed(left, wrong(codec)),
      TYPE,
      new RegExp(
        `^codec is a FrameCodec, such as ${codec.name}\\(\\) returns, not the function ${codec.name} itself: call it$`,
      ),
    ],
  ),
  [
    'an async cut()',
    () => reading(withWrong({ measure: () => ({ length: 1, fds: 0 }), cut: async () => Promise.resolve() })),
    TYPE,
    /^the codec's cut\(\) returns nothing at once, and returned a Promise: make it a function that is not async$/,
  ],
  [
    'fds() of delimited() that returns text',
    () => reading(wrong(delimited({ fds: wrong(() => 'one') }))),
    TYPE,
    /^fds\(\) returns a number or 'attached', at once, not 'one'$/,
  ],
  [
    'an async fds() of delimited()',
    () => framed(left, delimited({ fds: wrong(async () => Promise.resolve(1)) })).send({ bytes: Buffer.from('x') }),
    TYPE,
    /^fds\(\) returns a number or 'attached', at once, not a Promise: await it first$/,
  ],
  [
    'fds() of delimited() that returns -1',
    () => framed(left, delimited({ fds: () => -1 })).send({ bytes: Buffer.from('x') }),
    RANGE,
    /^fds\(\) returns a number from 0 up, not -1$/,
  ],
  [
    'frames({})',
    () => left.frames(wrong({})),
    TYPE,
    /^codec is a FrameCodec, .*; an instance of Object has no function measure/,
  ],
  ['frames(5)', () => left.frames(wrong(5)), TYPE, /^codec is a FrameCodec, .*; 5 has no function measure\(\)$/],
  [
    'for await of frames',
    () => firstOf(wrong(Reflect.get(left, 'frames'))),
    TYPE,
    /^socket\.frames is a method: write for await \(const/,
  ],
  [
    'forEachFrame()',
    () => left.forEachFrame(wrong(undefined)),
    TYPE,
    /^handler is a function that takes a frame, not undefined$/,
  ],
  [
    'forEachFrame(codec, handler)',
    () =>
      left.forEachFrame(
        wrong(lengthPrefixed()),
        wrong(() => undefined),
      ),
    TYPE,
    /^handler is a function that takes a frame, not an instance of Object: it comes first, and then the codec$/,
  ],
  [
    'forEachFrame(codec)',
    () => left.forEachFrame(wrong(lengthPrefixed())),
    TYPE,
    /^handler is a function that takes a frame, not an instance of Object: it comes first, and then the codec$/,
  ],
  [
    'forEachFrame(options, handler)',
    () =>
      left.forEachFrame(
        wrong({ signal: AbortSignal.abort() }),
        wrong(() => undefined),
      ),
    TYPE,
    /^handler is a function that takes a frame, not an instance of Object$/,
  ],
  [
    'forEachFrame(handler, options)',
    () => left.forEachFrame(() => undefined, wrong({ signal: AbortSignal.abort() })),
    TYPE,
    /^codec is a FrameCodec, .*; an instance of Object has no function measure\(\): options come after the codec, which may be undefined$/,
  ],
  [
    'frames(options)',
    () => left.frames(wrong({ signal: AbortSignal.abort() })),
    TYPE,
    /^codec is a FrameCodec, .*: options come after the codec, which may be undefined$/,
  ],
  [
    'frames(handler)',
    () => left.frames(wrong(() => undefined)),
    TYPE,
    /^the codec that was made is a FrameCodec, .*; undefined has no .*: a function given as codec makes one for the connection$/,
  ],
  [
    'adopt(options, socket)',
    () => adopt(wrong({ highWaterMark: 1 }), wrong(left)),
    TYPE,
    /^source is a number, an OwnedFd or a net.Socket, not an instance of Object$/,
  ],
  [
    'connect(path, socket)',
    () => connect('/x', wrong(left)),
    VALUE,
    /^connect\(\) has no option '_events', which an instance of FdSocket has\. There is/,
  ],
  [
    'expectFd(demands, fd)',
    () => fds.expectFd(wrong({ kind: 'file' }), wrong(memory)),
    TYPE,
    /^fd is an OwnedFd, as descriptors arrive, not an instance of Object/,
  ],
  ["receive('4')", () => left.receive(wrong('4')), TYPE, /^length is a whole number of bytes from 1 up, not '4'$/],
  [
    'receive()',
    () => left.receive(wrong(undefined)),
    TYPE,
    /^length is a whole number of bytes from 1 up, not undefined$/,
  ],
  [
    'receive(1, signal)',
    () => left.receive(1, wrong(AbortSignal.abort())),
    TYPE,
    /^options is an object, not an AbortSignal: give \{ signal \}$/,
  ],
  [
    'authorizeTimeout of a string',
    () => listen('/x', { authorize: () => true, authorizeTimeout: wrong('30s') }),
    TYPE,
    /^authorizeTimeout is a number of milliseconds from 0 up, not '30s'$/,
  ],
  [
    'onNotificationError of a number',
    () => rpc(left, {}, { onNotificationError: wrong(5) }),
    TYPE,
    /^onNotificationError is a function of the error and the method, not 5$/,
  ],
  [
    'maxPending of a string',
    () => rpc(left, {}, { maxPending: wrong('5') }),
    TYPE,
    /^maxPending is a number from 1 up, not '5'$/,
  ],

  ['send(x, 5)', () => left.send('x', wrong(5)), TYPE, /^fds, such as \[fd\], is an array of descriptors, not 5$/],
  [
    'send(x, fd)',
    () => left.send('x', wrong(memory)),
    TYPE,
    /^fds, such as \[fd\], is an array .*, not an instance of Own/,
  ],
  [
    'send(x, options)',
    () => left.send('x', wrong({ transfer: true })),
    TYPE,
    /^fds, such as \[fd\], is an array .*, not an i/,
  ],
  [
    'send()',
    () => left.send(wrong(undefined)),
    TYPE,
    /^bytes is a Uint8Array, such as a Buffer, or a string, not undefined$/,
  ],
  [
    'send(x, [undefined])',
    () => left.send('x', [wrong(undefined)]),
    TYPE,
    /^fds\[0\] is a descriptor: a number, .*, not undef/,
  ],
  [
    "send(x, [fd, '5'])",
    () => left.send('x', [memory, wrong('5')]),
    TYPE,
    /^fds\[1\] is a descriptor: a number, .*, not '5'$/,
  ],
  [
    'send(x, [frame])',
    () => left.send('x', [wrong({ fds: [] })]),
    TYPE,
    /^fds\[0\] is a descriptor: .*, not an instance of Ob/,
  ],
  [
    'send(x, [closed])',
    () => left.send('x', [closed]),
    'ERR_FD_CLOSED',
    /^fds\[0\], an instance of OwnedFd, is closed.*; pass it/,
  ],
  [
    'send(x, [socket.fd])',
    () => left.send('x', [-1]),
    'ERR_FD_CLOSED',
    /^fds\[0\], -1, is closed, or not open yet; pass it/,
  ],
  [
    'send(x, [a stream that is not open yet])',
    () => left.send('x', [opening()]),
    'ERR_FD_CLOSED',
    /^fds\[0\], an instance of ReadStream, is not open yet; wait for its event 'ready' first$/,
  ],
  [
    'send(x, [a destroyed stream])',
    () => left.send('x', [opening().destroy()]),
    'ERR_FD_CLOSED',
    /^fds\[0\], an instance of ReadStream, is closed; pass it while it is open$/,
  ],
  [
    'send(x, [a server that does not listen])',
    () => left.send('x', [net.createServer()]),
    'ERR_FD_CLOSED',
    /^fds\[0\], an instance of Server, does not listen; pass it between its event 'listening' and close\(\)$/,
  ],
  [
    'send(x, [a dgram.Socket that is not bound])',
    () => left.send('x', [unbound()]),
    'ERR_FD_CLOSED',
    /^fds\[0\], an instance of Socket, is not bound yet, or is closed; pass it after its event 'listening'$/,
  ],
  [
    'call(x, give(a stream that is not open yet))',
    () => rpc(left, {}).call('x', give(opening())),
    'ERR_FD_CLOSED',
    /an instance of ReadStream, is not open yet; wait for its event 'ready' first/,
  ],
  [
    "send('', [fd])",
    () => left.send('', [memory]),
    'ERR_FD_WITHOUT_BYTES',
    /^fds has 1 descriptor, .*bytes must have 1 byte to/,
  ],
  [
    "writeFds('x', 5)",
    () => left.writeFds('x', wrong(5)),
    TYPE,
    /^fds, such as \[fd\], is an array of descriptors, not 5$/,
  ],

  [
    'connect({ port })',
    () => connect(wrong({ port: 80 })),
    VALUE,
    /^address is a path, .*, not .*; for a TCP port use node:net$/,
  ],
  [
    "connect('\\0abc')",
    () => connect('\0abc'),
    VALUE,
    /^address is a path, .* not '\\x00abc'; for the abstract name give { abstract: 'abc' }$/,
  ],
  ["listen({ path: '\\0' })", () => listen({ path: '\0' }), VALUE, /^address\.path is a path, .* not '\\x00'$/],
  ['listen(8080)', () => listen(wrong(8080)), VALUE, /^address is a path, .*, not 8080; for a TCP port use node:net$/],
  ['connect()', () => connect(wrong(undefined)), VALUE, /^address is a path, { path } or { abstract }, not undefined$/],
  [
    "connect(x, { retry: 'yes' })",
    () => connect('/x', { retry: wrong('yes') }),
    TYPE,
    /^retry is true or false, not 'yes'$/,
  ],
  [
    'connect(x, { retrys })',
    () => connect('/x', wrong({ retrys: true })),
    VALUE,
    /^connect\(\) has no option 'retrys'.*'retry'\?/,
  ],
  [
    'listen(x, listener)',
    () =>
      listen(
        '/x',
        wrong(() => undefined),
      ),
    TYPE,
    /^options is an object, not a function$/,
  ],
  ['adopt(path)', () => adopt(wrong('/x')), TYPE, /^source is a number, .*, not '\/x'; connect\(\) takes a path$/],

  [
    "describeFd('x')",
    () => fds.describeFd(wrong('x')),
    TYPE,
    /^fd is a descriptor: a number, an OwnedFd, .*, not 'x'$/,
  ],
  [
    'adopt(closed)',
    () => adopt(closed),
    'ERR_FD_CLOSED',
    /^source, an instance of OwnedFd, is closed, or taken; pass it while it is open$/,
  ],
  [
    'frames(a codec that reads otherwise)',
    () => left.frames(wrong({ measure: () => ({ need: 1 }), reads: 'all' })),
    'ERR_INVALID_ARG_VALUE',
    /^codec\.reads is 'bounded' or 'greedy', not 'all'$/,
  ],
  [
    'frames(a codec with fdsPerSend)',
    () => left.frames(wrong({ measure: () => ({ need: 1 }), fdsPerSend: 'x' })),
    TYPE,
    /^codec\.fdsPerSend is a number of descriptors from 1 to 253, not 'x'$/,
  ],
  [
    'framed(socket, codec, signal)',
    () => framed(left, lengthPrefixed(), wrong(AbortSignal.abort())),
    TYPE,
    /^options is an object, not an AbortSignal: give { signal }$/,
  ],
  [
    'framed(socket, codec, { timeout })',
    () => framed(left, lengthPrefixed(), wrong({ timeout: 1 })),
    'ERR_INVALID_ARG_VALUE',
    /^framed\(\) has no option 'timeout'\. There is signal$/,
  ],
  [
    'dup(closed)',
    () => fds.dup(closed),
    'ERR_FD_CLOSED',
    /^fd, an instance of OwnedFd, is closed, .*; pass it while it is open$/,
  ],
  [
    'toReadStream()',
    () => fds.toReadStream(wrong(undefined)),
    TYPE,
    /^fd is a descriptor: a number, .*, not undefined$/,
  ],
  ['memfd()', () => fds.memfd(wrong(undefined)), TYPE, /name is a string, not undefined$/],
  [
    "memfd(x, 'text')",
    () => fds.memfd('x', wrong('text')),
    TYPE,
    /^the data of memfd\(\) is a Uint8Array such as Buffer.from.*, not 'text'$/,
  ],
  [
    "memfd(x, x, { seal: 'yes' })",
    () => fds.memfd('x', Buffer.from('x'), { seal: wrong('yes') }),
    TYPE,
    /^seal is true or false/,
  ],
  [
    'seal(file)',
    () => withFile((fd) => fds.seal(fd)),
    'EINVAL',
    /^fcntl EINVAL: fd, descriptor \d+ \(\/.*wrong-uses.test.ts\), is no memfd, which fds.memfd\(\) makes, so it cannot be sealed$/,
  ],
  ['seal(closed number)', () => fds.seal(999_999), 'EBADF', /^fcntl EBADF: fd, descriptor 999999, is not open$/],
  [
    'seal(pipe)',
    () => withOwned(fds.pipe(), (end) => fds.seal(end)),
    'EINVAL',
    /^fcntl EINVAL: fd, descriptor \d+ \(pipe:\[\d+\]\), is no memfd/,
  ],
  [
    'seal() twice',
    () => withOwned([fds.memfd('x', 1, { seal: true })], (sealed) => fds.seal(sealed, ['grow'])),
    'EPERM',
    /^fcntl EPERM: fd, .* is sealed for good already, with seal, shrink, grow, write; none can be added$/,
  ],
  [
    'seal(open for reading)',
    () => withFile((fd) => fds.seal(fd), `/proc/self/fd/${memory.fd}`),
    'EPERM',
    /^fcntl EPERM: fd, .* is open for reading only; seal it by the descriptor that fds\.memfd\(\) returned$/,
  ],
  [
    'OwnedFd.adopt(socket)',
    () => OwnedFd.adopt(wrong(left)),
    VALUE,
    /fd of a .* not an instance of FdSocket, .*; fds\.dup\(\) makes/,
  ],
  [
    "OwnedFd.adopt('5')",
    () => OwnedFd.adopt(wrong('5')),
    VALUE,
    /fd of a descriptor is an integer from 0 up, not '5'$/,
  ],
  [
    'framed(net.Socket)',
    () => framed(wrong(new net.Socket()), new Codec()),
    TYPE,
    /^socket is .*, which adopt\(\) makes of a net.S/,
  ],
  [
    'framed(x)',
    () => framed(left, wrong(undefined)),
    TYPE,
    /^codec is a FrameCodec, .*; undefined has no function measure\(\)$/,
  ],

  [
    'sendMessage(fd)',
    () => raw.sendMessage(left, wrong(undefined)),
    TYPE,
    /^bytes is a Uint8Array, such as a Buffer, not undefined$/,
  ],
  [
    'sendMessage(fd, x, 5)',
    () => raw.sendMessage(left, Buffer.from('x'), wrong(5)),
    TYPE,
    /^fds, such as \[fd\], .*, not 5$/,
  ],
  [
    'receiveMessage(fd)',
    () => raw.receiveMessage(left, wrong(undefined)),
    TYPE,
    /^buffer is a Uint8Array, such as .*, not undef/,
  ],
  [
    'sendFd(socket)',
    () => handoff.sendFd(left, wrong(undefined)),
    TYPE,
    /^fd is a descriptor: a number, .*, not undefined$/,
  ],
  [
    'sendFd(socket, closed)',
    () => handoff.sendFd(left, closed),
    'ERR_FD_CLOSED',
    /^fd, an instance of OwnedFd, is closed.*; pass it/,
  ],
  [
    'sendFd(socket, closed, { acknowledge })',
    () => handoff.sendFd(left, closed, { acknowledge: true }),
    'ERR_FD_CLOSED',
    /^fd, an instance of OwnedFd, is closed.*; pass it/,
  ],
  [
    "sendFd(x, fd, { byte: 'X' })",
    () => handoff.sendFd(left, memory, { byte: wrong('X') }),
    TYPE,
    /^byte is an integer from 0 to 255/,
  ],
  [
    'onread of a number',
    () => socketpair({ onread: wrong({ buffer: 5, callback: () => 0 }) }),
    TYPE,
    /^onread\.buffer is a Buffer, not 5$/,
  ],
  [
    'onread without a callback',
    () => socketpair({ onread: wrong({ buffer: Buffer.alloc(1) }) }),
    TYPE,
    /^onread\.callback is .*, not undef/,
  ],
  [
    'onread with more',
    () => socketpair({ onread: wrong({ buffers: 1, callback: () => 0 }) }),
    VALUE,
    /^onread has no 'buffers'.*'buffer'\?/,
  ],
  [
    'modelSocketPair({ sead })',
    () => modelSocketPair(wrong({ sead: 1 })),
    VALUE,
    /^modelSocketPair\(\) has no option 'sead', only seed/,
  ],
];

it.each(uses)('%s', async (_use, attempt, code, message) => {
  const outcome = Promise.resolve().then(attempt);
  await expect(outcome).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
});
