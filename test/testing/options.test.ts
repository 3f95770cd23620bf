import { modelSocketPair, type ModelSocketPairOptions, ModelWorld } from '../../packages/ancillary/testing';
import { KernelModel } from '../../packages/binding-model';
import { thrown } from '../native/thrown';

/** As a JavaScript user may call it. */
const make = modelSocketPair as (options?: unknown) => ReturnType<typeof modelSocketPair>;

const OPTIONS = 'seed, faults, kernel, sndbuf, fdLimit, inFlightLimit, socket';
const NAMES = 'short-read, eagain, eintr, emfile, lost, reset, eof, short-write, etoomanyrefs';

test.each<[unknown, typeof TypeError, string]>([
  [42, TypeError, `modelSocketPair() takes an object of ${OPTIONS}, not 42`],
  [null, TypeError, `modelSocketPair() takes an object of ${OPTIONS}, not null`],
  [{ sead: 1 }, TypeError, `modelSocketPair() has no option 'sead', only ${OPTIONS}`],
  [{ fault: 0.1 }, TypeError, `modelSocketPair() has no option 'fault', only ${OPTIONS}`],
  [{ trace: 1 }, TypeError, `modelSocketPair() has no option 'trace', only ${OPTIONS}`],
  [{ socket: null }, TypeError, 'socket is an object of FdSocketOptions, not null'],
  [{ socket: 5 }, TypeError, 'socket is an object of FdSocketOptions, not 5'],
  [{ kernel: 'windows' }, TypeError, 'kernel is one of linux, bsd, darwin, not windows'],
  [{ kernel: 'toString' }, TypeError, 'kernel is one of linux, bsd, darwin, not toString'],
  [{ seed: '1' }, TypeError, 'seed is a number, not 1'],
  [{ seed: NaN }, RangeError, 'seed is an integer, not NaN'],
  [{ seed: Infinity }, RangeError, 'seed is an integer, not Infinity'],
  [{ seed: 1.5 }, RangeError, 'seed is an integer, not 1.5'],
  [{ fdLimit: -1 }, RangeError, 'fdLimit is an integer from 0 up, not -1'],
  [{ sndbuf: 'large' }, TypeError, 'sndbuf is a number, not large'],
  [{ inFlightLimit: 0.5 }, RangeError, 'inFlightLimit is an integer from 0 up, not 0.5'],
  [{ faults: 'eof' }, TypeError, 'faults is a list of faults, a rate, or { rate, what }, not eof'],
  [{ faults: null }, TypeError, 'faults is a list of faults, a rate, or { rate, what }, not null'],
  [{ faults: 1.1 }, RangeError, 'the rate of faults is from 0 to 1, not 1.1'],
  [{ faults: { rate: -0.1 } }, RangeError, 'the rate of faults is from 0 to 1, not -0.1'],
  [{ faults: NaN }, RangeError, 'the rate of faults is from 0 to 1, not NaN'],
  [{ faults: {} }, TypeError, 'the rate of faults is a number, not undefined'],
  [{ faults: { rate: 0.1, what: 'eof' } }, TypeError, 'faults.what is a list of names, not eof'],
  [{ faults: { rate: 0.1, what: ['eof', 'oef'] } }, TypeError, `faults.what[1] is one of ${NAMES}, not oef`],
  [{ faults: { rate: 0.1, waht: [] } }, TypeError, "faults has no option 'waht', only rate, what"],
  [
    { faults: [{ what: 'eof', at: 0, sokcet: 1 }] },
    TypeError,
    "faults[0] has no option 'sokcet', only what, at, socket, call, free",
  ],
  [{ faults: [5] }, TypeError, 'faults[0] is an object { what, at }, not 5'],
  [{ faults: [{ what: 'eof', at: 0 }, { what: 'end' }] }, TypeError, `faults[1].what is one of ${NAMES}, not end`],
  [{ faults: [{ at: 0 }] }, TypeError, `faults[0].what is one of ${NAMES}, not undefined`],
  [
    { faults: [{ what: 'eof' }] },
    TypeError,
    'faults[0].at is the offset of a byte, { byte } or { message }, not undefined',
  ],
  [{ faults: [{ what: 'eof', at: {} }] }, TypeError, "faults[0].at has neither 'byte' nor 'message'"],
  [
    { faults: [{ what: 'eof', at: { byte: 1, message: 1 } }] },
    TypeError,
    "faults[0].at has either 'byte' or 'message', not both",
  ],
  [{ faults: [{ what: 'eof', at: -1 }] }, RangeError, 'faults[0].at is an integer from 0 up, not -1'],
  [{ faults: [{ what: 'eof', at: { byte: 1.5 } }] }, RangeError, 'faults[0].at.byte is an integer from 0 up, not 1.5'],
  [{ faults: [{ what: 'eof', at: { message: '1' } }] }, TypeError, 'faults[0].at.message is a number, not 1'],
  [{ faults: [{ what: 'eof', at: 1, socket: 2 }] }, TypeError, 'faults[0].socket is 0 or 1, not 2'],
  [{ faults: [{ what: 'eof', at: 1, call: 'read' }] }, TypeError, 'faults[0].call is recvmsg or sendmsg, not read'],
  [
    { faults: [{ what: 'short-write', at: 1, call: 'recvmsg' }] },
    TypeError,
    "faults[0]: 'short-write' cannot happen in recvmsg, which has short-read, eagain, eintr, emfile, lost, reset, eof",
  ],
  [
    { faults: [{ what: 'emfile', at: 1, call: 'sendmsg' }] },
    TypeError,
    "faults[0]: 'emfile' cannot happen in sendmsg, which has short-write, eagain, eintr, etoomanyrefs, reset",
  ],
  [{ faults: [{ what: 'eof', at: 1, free: 1 }] }, TypeError, "faults[0]: only 'emfile' has 'free', not 'eof'"],
  [{ faults: [{ what: 'emfile', at: 1, free: -1 }] }, RangeError, 'faults[0].free is an integer from 0 up, not -1'],
  [{ socket: { highWaterMark: 0 } }, RangeError, 'highWaterMark is an integer from 1 to 2^31 - 1, not 0'],
])('modelSocketPair(%j) is refused: %p', (options, kind, message) => {
  const error = thrown(() => make(options));
  expect(error).toBeInstanceOf(kind);
  const code = kind === RangeError ? /^ERR_OUT_OF_RANGE$/ : /^ERR_INVALID_ARG_(TYPE|VALUE)$/;
  expect(error).toMatchObject({ message, code: expect.stringMatching(code) as string });
});

test('what is allowed is taken', () => {
  const allowed: ModelSocketPairOptions[] = [
    {},
    { seed: 0 },
    { seed: -7, kernel: 'darwin', sndbuf: 0, fdLimit: 1, inFlightLimit: 0 },
    { faults: [] },
    { faults: 0 },
    { faults: 1 },
    { faults: { rate: 0.5, what: [] } },
    { faults: [{ what: 'emfile', at: 0, call: 'recvmsg', socket: 1, free: 0 }] },
    { socket: { maxFdsPerFrame: 0 } },
  ];
  for (const options of allowed) for (const socket of modelSocketPair(options)) socket.destroy();
});

test('options that the sockets refuse leave nothing open', () => {
  const opened: ModelWorld[] = [];
  const socketpair = jest.spyOn(ModelWorld.prototype, 'socketpair').mockImplementation(function (this: ModelWorld) {
    opened.push(this);
    return this.bindings[0].socketpair(this.bindings[1]);
  });
  try {
    expect(() => make({ socket: { onSurplus: 'keep' } })).toThrow(TypeError);
  } finally {
    socketpair.mockRestore();
  }
  expect(opened.map((world) => world.openDescriptors())).toEqual([[[], []]]);
});

test('a process that may have no descriptor at all cannot make a pair: EMFILE', () => {
  expect(thrown(() => make({ fdLimit: 0 }))).toMatchObject({ code: 'EMFILE', syscall: 'socketpair' });
});

test('the list of faults is copied', () => {
  const faults = [{ what: 'eof', at: 1 } as const];
  const pair = modelSocketPair({ faults });
  faults.pop();
  expect(pair.world.faultsLeft).toHaveLength(1);
  for (const socket of pair) socket.destroy();
});

test.each<[object, typeof TypeError, string]>([
  [{ kernel: 'windows' }, TypeError, 'kernel is one of linux, bsd, darwin, not windows'],
  [{ sndbuf: -1 }, RangeError, 'sndbuf is an integer from 0 up, not -1'],
  [{ fdLimit: '10' }, TypeError, 'fdLimit is a number, not 10'],
  [{ trace: [] }, TypeError, 'trace is a function, not '],
  [{ limit: 1 }, TypeError, "KernelModel has no option 'limit', only kernel, sndbuf, fdLimit, inFlightLimit, trace"],
])('KernelModel refuses %j', (options, type, message) => {
  const error = thrown(() => new KernelModel(options));
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({ message });
});
