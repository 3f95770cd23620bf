import path from 'node:path';
import { start } from '../support/children';
import { count } from './command-line';

const directory = path.resolve(__dirname, '..');
const programs = { differential: 'differential/main.ts', mutations: 'differential/mutations/main.ts' };

async function run(program: keyof typeof programs, ...args: string[]) {
  const loader = path.join(directory, 'support/run-typescript.js');
  const file = path.join(directory, programs[program]);
  const { code, stdout, stderr } = await start(process.execPath, ['--require', loader, file, ...args], {}).finished;
  return { code, stdout, stderr: stderr.trim() };
}

test.each([
  ['', 1],
  ['abc', 1],
  ['0', 1],
  ['-1', 0],
  ['1.5', 0],
  ['1e3', 0],
  ['2147483648', 0],
])('%p is no count from %d up', (text, least) => {
  expect(() => count(text, 'runs', least)).toThrow(
    new RangeError(`--runs is an integer from ${least} to 2^31 - 1, not '${text}'`),
  );
});

test('counts are taken as they are', () => {
  expect([count('1', 'runs'), count('0', 'seed', 0), count('2147483647', 'seed')]).toEqual([1, 0, 2147483647]);
});

test.each([
  ['differential', ['--runs', 'abc'], "--runs is an integer from 1 to 2^31 - 1, not 'abc'"],
  ['differential', ['--max-steps', '5'], expect.stringContaining("Unknown option '--max-steps'") as string],
  ['mutations', ['--seeds', '1,x'], "--seeds is an integer from 0 to 2^31 - 1, not 'x'"],
  ['mutations', ['--only', 'no such rule'], '--only no such rule matches no rule'],
] as const)('the %s program refuses %j', async (program, args, stderr) => {
  expect(await run(program, ...args)).toEqual({ code: 2, stdout: '', stderr });
});

test.each([
  ['differential', ['runs', 'seed', 'steps']],
  ['mutations', ['runs', 'seeds', 'only']],
] as const)('the %s program tells its options', async (program, names) => {
  const { code, stdout, stderr } = await run(program, '--help');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => /^--(\w+) .*; default: /.exec(line)?.[1])).toEqual(names);
});
