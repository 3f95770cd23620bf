import fc, { type Arbitrary } from 'fast-check';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, type SocketOption, type SocketType } from '../../packages/binding-model/kernel';
import { Numbers } from './numbers';
import type { Claim, Pair, Program, ReadOption, Rights, Step, Target } from './program';

/** `'crowded'` programs are for a user who is not root: they have few free numbers and send many descriptors. */
export type Kind = 'ordinary' | 'crowded';

/**
 * What a program has much of. Rare things meet in few programs when each is rare in all of them, and their rules are
 * about how they meet.
 */
interface Taste {
  readonly descriptors: boolean;
  readonly outOfBand: boolean;
  readonly credentials: boolean;
}

const PLAIN: Taste = { descriptors: false, outOfBand: false, credentials: false };

export function programs(kind: Kind, maxSteps: number): Arbitrary<Program> {
  if (kind === 'crowded') return ofTaste({ ...PLAIN, descriptors: true }, maxSteps);
  return fc.oneof(
    { weight: 3, arbitrary: ofTaste(PLAIN, maxSteps) },
    { weight: 1, arbitrary: ofTaste({ ...PLAIN, descriptors: true }, maxSteps) },
    { weight: 1, arbitrary: ofTaste({ ...PLAIN, outOfBand: true }, maxSteps) },
    { weight: 1, arbitrary: ofTaste({ ...PLAIN, credentials: true }, maxSteps) },
    { weight: 2, arbitrary: ofTaste({ ...PLAIN, outOfBand: true, credentials: true }, maxSteps) },
  );
}

function ofTaste(taste: Taste, maxSteps: number): Arbitrary<Program> {
  return fc.record({
    pairs: fc.array(pair, { minLength: 1, maxLength: 3 }),
    files: numbers(3, [1, fc.integer({ min: 1, max: 3 })]),
    steps: fc.array(steps(taste), { minLength: 1, maxLength: maxSteps, size: 'max' }),
  });
}

type Choice<T> = readonly [weight: number, value: Arbitrary<T>];

/** One of several, each so often; shrinks towards the first. */
function often<T>(...choices: readonly Choice<T>[]): Arbitrary<T> {
  return fc.oneof({ withCrossShrink: true }, ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** Numbers up to `max`, each choice so often. */
function numbers(max: number, ...choices: readonly Choice<number>[]): Arbitrary<number> {
  return new Numbers(max, often(...choices));
}

function exactly<const T>(...values: readonly T[]): Arbitrary<T> {
  return fc.constantFrom(...values);
}

const type = often<SocketType>([6, exactly('stream')], [2, exactly('seqpacket')], [2, exactly('dgram')]);
/** Below net.core.wmem_max of all kernels, which no test may change. */
const sendBuffer = numbers(
  100_000,
  [4, exactly(0, 2304, 2305, 4096, 4097, 5000)],
  [2, fc.integer({ min: 2304, max: 40_000 })],
  [1, exactly(36_608, 36_609, 65_536, 100_000)],
);
const pair: Arbitrary<Pair> = fc.record({
  type,
  sendBuffer: often<number | undefined>([1, exactly(undefined)], [1, sendBuffer]),
});

const pick = fc.nat({ max: 11 });
const target = often<Target>([40, fc.nat({ max: 5 })], [1, exactly('a file')], [1, exactly('a closed descriptor')]);

function length({ outOfBand }: Taste): Arbitrary<number> {
  return numbers(
    300_000,
    [6, fc.integer({ min: 1, max: 9 })],
    // One byte out of band is alone in the queue, with the marks of others in front of it.
    [outOfBand ? 12 : 2, exactly(0, 1)],
    [3, fc.integer({ min: 10, max: 999 })],
    // The sizes at which allocations grow, a header is full (3776) and a segment is (4032 and 36544).
    [2, exactly(191, 192, 193, 320, 321, 384, 385, 703, 704, 705, 1728, 1729, 3775, 3776, 3777, 4031, 4032, 4033)],
    [1, exactly(7872, 7873, 16_064, 16_065, 36_543, 36_544, 36_545)],
    [1, fc.integer({ min: 1000, max: 40_000 })],
    [1, exactly(100_000, 212_960, 212_961, 300_000)],
  );
}

function rights({ descriptors }: Taste): Arbitrary<readonly Rights[]> {
  const most = descriptors ? 5 : 1;
  const count = numbers(
    254,
    [8, fc.integer({ min: 0, max: 3 })],
    [most, fc.integer({ min: 4, max: 60 })],
    [most, exactly(250, 251, 252, 253, 254)],
    [1, exactly(126, 127, 128)],
  );
  const list = fc.record({
    first: pick,
    count,
    closedAt: often<number | undefined>([30, exactly(undefined)], [1, fc.nat({ max: 3 })]),
  });
  const one = fc.tuple(list);
  return often<readonly Rights[]>([4, exactly([])], [descriptors ? 12 : 5, one], [1, fc.array(list, { maxLength: 3 })]);
}

/** The number that stands for none, (uid_t) -1. */
const INVALID_ID = 0xffff_ffff;
const claim: Arbitrary<Claim> = fc.record({
  process: often<Claim['process']>([6, exactly('own')], [2, exactly('another')], [1, exactly('none')]),
  uid: often<number | undefined>([4, exactly(undefined)], [4, exactly(1234)], [1, exactly(INVALID_ID)]),
});

function sendFlags({ outOfBand }: Taste): Arbitrary<number> {
  return often([outOfBand ? 2 : 15, exactly(0)], [1, exactly(MSG_OOB)]);
}

function receiveFlags({ outOfBand }: Taste): Arbitrary<number> {
  return often(
    [outOfBand ? 8 : 25, exactly(0)],
    [4, exactly(MSG_PEEK)],
    [outOfBand ? 4 : 2, exactly(MSG_OOB)],
    [1, exactly(MSG_TRUNC, MSG_PEEK | MSG_OOB, MSG_PEEK | MSG_TRUNC)],
  );
}

const size = numbers(
  500_000,
  [4, fc.integer({ min: 0, max: 9 })],
  [2, exactly(0, 1)],
  [3, fc.integer({ min: 10, max: 5000 })],
  [1, exactly(4032, 36_544, 40_000)],
  [5, exactly(500_000)],
);
const controlLength = often(
  [8, exactly(2000)],
  [2, exactly(0, 1, 8, 15)],
  [4, exactly(16, 17, 19, 20, 23, 24, 27, 28, 31, 32)],
  [3, exactly(36, 40, 43, 44, 47, 48, 51, 52, 53, 55, 56, 60, 64, 72, 76, 80, 84, 96)],
  [1, fc.integer({ min: 0, max: 120 })],
  [1, exactly(1024, 1027, 1028, 1031, 1032, 1060)],
);
const keep = often([6, exactly(0)], [1, exactly(1, 2)]);

const how = exactly('SHUT_RD', 'SHUT_WR', 'SHUT_RDWR');
function passing({ credentials }: Taste): Arbitrary<SocketOption> {
  return often<SocketOption>(
    [credentials ? 4 : 1, exactly('SO_PASSCRED', 'SO_PASSPIDFD')],
    [1, exactly('SO_PASSRIGHTS', 'SO_OOBINLINE')],
  );
}
const readOption = exactly<ReadOption>(
  ...(['SO_SNDBUF', 'SO_PASSCRED', 'SO_PASSPIDFD', 'SO_PASSRIGHTS', 'SO_OOBINLINE', 'SO_TYPE', 'SO_ERROR'] as const),
);

function steps(taste: Taste): Arbitrary<Step> {
  const { descriptors, outOfBand, credentials } = taste;
  const free = often<number | undefined>(
    [1, exactly(undefined)],
    [4, fc.integer({ min: 0, max: 4 })],
    [descriptors ? 8 : 2, fc.integer({ min: 5, max: 40 })],
  );
  return often<Step>(
    [
      34,
      fc.record({
        call: exactly('sendmsg'),
        on: target,
        length: length(taste),
        rights: rights(taste),
        claim: often<Claim | undefined>([credentials ? 2 : 15, exactly(undefined)], [1, claim]),
        flags: sendFlags(taste),
      }),
    ],
    [34, fc.record({ call: exactly('recvmsg'), on: target, size, controlLength, flags: receiveFlags(taste), keep })],
    [3, fc.record({ call: exactly('setsockopt'), on: target, option: exactly('SO_SNDBUF'), value: sendBuffer })],
    [
      credentials ? 20 : 5,
      fc.record({ call: exactly('setsockopt'), on: target, option: passing(taste), value: exactly(0, 1, 1, 1) }),
    ],
    [2, fc.record({ call: exactly('getsockopt'), on: target, option: readOption })],
    [1, fc.record({ call: exactly('getsockopt'), on: target, option: exactly('SO_ERROR') })],
    [1, fc.record({ call: exactly('shutdown'), on: target, how })],
    [outOfBand ? 8 : 3, fc.record({ call: exactly('inq', 'outq'), on: target })],
    [4, fc.record({ call: exactly('poll'), of: pick })],
    [2, fc.record({ call: exactly('close'), of: pick })],
    [2, fc.record({ call: exactly('dup'), of: pick })],
    [1, fc.record({ call: exactly('socketpair'), type })],
    [1, fc.record({ call: exactly('open') })],
    [descriptors ? 4 : 2, fc.record({ call: exactly('limit'), free })],
  );
}
