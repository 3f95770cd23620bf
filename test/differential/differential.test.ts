import path from 'node:path';
import { KernelModel } from '../../packages/binding-model/kernel';
import { start } from '../support/children';
import { describeDifference } from './compare';
import { modelKernel } from './machine';
import { search } from './search';

/** Another seed finds other programs: `DIFFERENTIAL_SEED=7 npx jest test/differential`. */
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '1';

test('the model does what the running kernel does, in 2,000 programs of up to 60 steps', async () => {
  const { stdout } = await start(process.execPath, [
    ...['--require', path.join(__dirname, '../support/run-typescript.js'), path.join(__dirname, 'main.ts')],
    ...['--runs', '2000', '--steps', '60', '--seed', SEED],
  ]).finished;
  // With what was found, and the seed, when it is something.
  expect(stdout).toMatch(/^no difference$/m);
  const counts = new Map([...stdout.matchAll(/^ *(\d+) (.+)$/gm)].map(([, count, what]) => [what, Number(count)]));
  expect(counts.get('programs')).toBe(2000);
  const rare = [
    'sends with descriptors',
    'sends with several lists',
    'sends with 253 descriptors',
    'sends of descriptors without bytes',
    'sends with credentials',
    'sends out of band',
    'partial writes',
    'partial writes with descriptors',
    'receives with descriptors',
    'receives with credentials',
    'receives with a pidfd',
    'receives out of band',
    'reads that a barrier ended',
    'partial reads',
    'ends of streams',
    'peeks',
    'peeks with descriptors',
    'MSG_CTRUNC',
    'MSG_CTRUNC with some of the descriptors',
    'MSG_CTRUNC for want of free numbers',
    'MSG_TRUNC',
    ...['EAGAIN', 'EBADF', 'ECONNREFUSED', 'ECONNRESET', 'EINVAL', 'EMFILE', 'EMSGSIZE', 'ENOTCONN', 'ENOTSOCK'],
    ...['EOPNOTSUPP', 'EPERM', 'EPIPE', 'ETOOMANYREFS'],
  ];
  expect(rare.filter((what) => (counts.get(what) ?? 0) < 20)).toEqual([]);
});

test('where kernels differ, the smallest program that shows it is told as steps', () => {
  const machine = { firstFd: 3, fdLimit: 1000, uid: 0, gid: 0 };
  const model = modelKernel(machine);
  const other = modelKernel(machine, (options) => new KernelModel({ ...options, sndbuf: 5000 }));
  const { difference, counts } = search({ kind: 'ordinary', runs: 1000, seed: 1, maxSteps: 60 }, model, other);
  const lines = difference === undefined ? [] : describeDifference(difference).split('\n');
  expect(lines.length).toBeLessThan(9);
  expect(lines[0]).toBe('1. socketpair(stream) -> 0 = socket 1, 1 = socket 2');
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^\d\. /),
    expect.stringMatching(/^ {3}model: {2}\S/),
    expect.stringMatching(/^ {3}kernel: \S/),
  ]);
  expect(counts['programs']).toBeLessThan(1000);
});
