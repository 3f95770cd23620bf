import { drawTimeline, KernelError, KernelModel, modelSocketPair } from '../../packages/ancillary/testing';
import { thrown } from '../native/thrown';

/** As a JavaScript user may call them. */
type Loose = Record<string, (...given: unknown[]) => unknown>;

function start() {
  const process = new KernelModel().process();
  const [a, b] = process.socketpair('stream');
  const file = process.open('file');
  process.sendmsg(a, { bytes: new Uint8Array(5), fds: [[file]] });
  return { process, calls: process as unknown as Loose, a, b, file };
}

/** Node's code for such an error. */
function codeOf(type: typeof TypeError): unknown {
  return type === RangeError ? 'ERR_OUT_OF_RANGE' : expect.stringMatching(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
}

const bytes = new Uint8Array(1);
const room = { size: 1, controlLength: 24 };

describe('arguments that no program in C could pass are refused', () => {
  test.each<[call: string, given: unknown[], type: typeof TypeError, message: string]>([
    ['socketpair', ['tcp'], TypeError, "a socket's type is one of stream, seqpacket, dgram, not tcp"],
    ['socketpair', [], TypeError, "a socket's type is one of stream, seqpacket, dgram, not undefined"],
    ['socketpair', ['stream', {}], TypeError, 'the second socket is for a process of the same KernelModel'],
    [
      'socketpair',
      ['stream', new KernelModel().process()],
      TypeError,
      'the second socket is for a process of the same KernelModel',
    ],
    ['open', [], TypeError, 'the name of a file is a string, not undefined'],
    ['open', ['file', true], TypeError, 'released is a function, not true'],
    ['sendmsg', ['a'], TypeError, 'a message is an object { bytes }, not undefined'],
    ['sendmsg', ['a', 'text'], TypeError, 'a message is an object { bytes }, not text'],
    ['sendmsg', ['a', { bytes: 'text' }], TypeError, 'bytes is a Uint8Array, not [object String]'],
    ['sendmsg', ['a', { bytes: [1, 2] }], TypeError, 'bytes is a Uint8Array, not [object Array]'],
    [
      'sendmsg',
      ['a', { bytes, fds: [3, 4] }],
      TypeError,
      'fds has one list of descriptors per SCM_RIGHTS message, such as [[3, 4]], and not 3 itself',
    ],
    [
      'sendmsg',
      ['a', { bytes, fds: 3 }],
      TypeError,
      'fds has one list of descriptors per SCM_RIGHTS message, such as [[3, 4]], and is not 3',
    ],
    ['sendmsg', ['a', { bytes, fds: [['3']] }], TypeError, 'a descriptor in fds is a number, not 3'],
    ['sendmsg', ['a', { bytes, flags: 'MSG_OOB' }], TypeError, 'flags is a number, not MSG_OOB'],
    ['sendmsg', ['a', { bytes, flags: 0.5 }], RangeError, 'flags is an integer from 0 up, not 0.5'],
    ['sendmsg', ['a', { bytes, credentials: true }], TypeError, 'credentials is an object { pid, uid, gid }, not true'],
    ['sendmsg', ['a', { bytes, credentials: { pid: 1 } }], TypeError, 'credentials.uid is a number, not undefined'],
    ['recvmsg', ['b'], TypeError, 'a request is an object { size, controlLength }, not undefined'],
    ['recvmsg', ['b', { size: 10 }], TypeError, 'controlLength is a number, not undefined'],
    ['recvmsg', ['b', { controlLength: 24 }], TypeError, 'size is a number, not undefined'],
    ['recvmsg', ['b', { ...room, size: -1 }], RangeError, 'size is an integer from 0 up, not -1'],
    ['recvmsg', ['b', { ...room, size: NaN }], RangeError, 'size is an integer from 0 up, not NaN'],
    ['recvmsg', ['b', { ...room, controlLength: 1.5 }], RangeError, 'controlLength is an integer from 0 up, not 1.5'],
    ['recvmsg', ['b', { ...room, flags: '2' }], TypeError, 'flags is a number, not 2'],
    ['setsockopt', ['a', 'SO_SNDBUF'], TypeError, 'the value of an option is a number, not undefined'],
    ['setsockopt', ['a', 'SO_SNDBUF', NaN], RangeError, 'the value of an option is an integer of 32 bits, not NaN'],
    [
      'setsockopt',
      ['a', 'SO_SNDBUF', 2 ** 31],
      RangeError,
      'the value of an option is an integer of 32 bits, not 2147483648',
    ],
    ['setsockopt', ['a', 'SO_PASSCRED', true], TypeError, 'the value of an option is a number, not true'],
    ['setFdLimit', [Infinity], RangeError, 'the limit is an integer from 0 up, not Infinity'],
    ['setFdLimit', [], TypeError, 'the limit is a number, not undefined'],
    ['withFreeNumbers', [NaN, () => 0], RangeError, 'how many numbers are free is an integer from 0 up, not NaN'],
  ])('%s(%j)', (call, given, type, message) => {
    const { process, calls, a, b, file } = start();
    const ends: Record<string, number> = { a, b };
    const descriptors = process.descriptors();
    const error = thrown(() => calls[call]?.(...given.map((each) => ends[each as string] ?? each)));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ message, code: codeOf(type) });
    // Nothing was taken or made.
    expect(process.descriptors()).toEqual(descriptors);
    expect(process.inq(b)).toBe(5);
    expect(process.recvmsg(b, { size: 9, controlLength: 24 }).fds).toEqual([file + 1]);
  });
});

test.each([
  ['setsockopt', ['SO_KEEPALIVE', 1], 'ENOPROTOOPT'],
  ['setsockopt', ['SO_TYPE', 1], 'ENOPROTOOPT'],
  ['setsockopt', ['toString', 1], 'ENOPROTOOPT'],
  ['getsockopt', ['SO_KEEPALIVE'], 'ENOPROTOOPT'],
  ['getsockopt', [undefined], 'ENOPROTOOPT'],
  ['shutdown', ['SHUT_ALL'], 'EINVAL'],
  ['shutdown', [2], 'EINVAL'],
] as const)('%s(%j) is an error of the kernel, %s', (call, given, code) => {
  const { process, calls, a, b } = start();
  const error = thrown(() => calls[call]?.(a, ...given));
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ code, syscall: call });
  expect([process.poll(a).out, process.poll(b).hup]).toEqual([true, false]);
});

test('an error of the kernel says which descriptor it is about', () => {
  const { process, a, file } = start();
  const messages = [
    () => process.sendmsg(77, { bytes }),
    () => process.sendmsg(a, { bytes, fds: [[file, 78]] }),
    () => process.close(79),
    () => process.recvmsg(file, room),
    () => process.outq(file),
  ].map((call) => (thrown(call) as KernelError).message);
  expect(messages).toEqual([
    'sendmsg EBADF: descriptor 77 is not open',
    'sendmsg EBADF: descriptor 78 is not open',
    'close EBADF: descriptor 79 is not open',
    `recvmsg ENOTSOCK: descriptor ${file} is no socket`,
    `ioctl ENOTTY: descriptor ${file} is no socket`,
  ]);
});

test.each<[unknown, typeof TypeError, string]>([
  [{ uid: -1 }, RangeError, 'uid is an integer from 0 up, not -1'],
  [{ gid: '0' }, TypeError, 'gid is a number, not 0'],
  [{ firstFd: NaN }, RangeError, 'firstFd is an integer from 0 up, not NaN'],
  [{ pid: 3 }, TypeError, "process() has no option 'pid', only uid, gid, firstFd, lastFd"],
  [7, TypeError, 'process() takes an object of uid, gid, firstFd, lastFd, not 7'],
])('process(%j) is refused', (options, type, message) => {
  const model = new KernelModel() as unknown as Loose;
  const error = thrown(() => model['process']?.(options));
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({ message, code: codeOf(type) });
});

test('drawTimeline() of what is no list of events says what to give it', () => {
  const pair = modelSocketPair({ seed: 1 });
  const draw = drawTimeline as (events?: unknown) => string;
  for (const given of [pair.world, pair, undefined, 'events', [undefined], [{ what: 'read' }]]) {
    const error = thrown(() => draw(given));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: expect.stringContaining('world.timeline') as string });
  }
  expect(draw(pair.world.timeline)).toMatch(/^<svg/);
  for (const socket of pair) socket.destroy();
});

test('world.open() opens files in the process 0 or 1', () => {
  const pair = modelSocketPair({ seed: 1 });
  const world = pair.world as unknown as Loose;
  for (const place of [2, '0', null, -1]) {
    const error = thrown(() => world['open']?.('x', place));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `a file is opened in the process 0 or 1, not ${String(place)}` });
  }
  expect(thrown(() => world['open']?.(5))).toBeInstanceOf(TypeError);
  for (const socket of pair) socket.destroy();
  expect(pair.world.openDescriptors()).toEqual([[], []]);
});
