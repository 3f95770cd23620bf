import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { connect, handoff } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { runDirectory, start } from '../support/children';

const examples = path.resolve(__dirname, '../../examples');

function example(name: string): string {
  return path.join(examples, name);
}

test('prefork: every client is served by a worker, in turn', async () => {
  const { stdout, stderr } = await start(process.execPath, [example('prefork.mjs')]).succeeded();
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual(
    [1, 2, 3, 4].map((client) => {
      const worker = ((client - 1) % 2) + 1;
      return `client ${client} got worker ${worker}, and you are client ${client}. You asked: who are you?`;
    }),
  );
});

test('sealed-memory: sealed documents are parsed, others refused', async () => {
  const { stdout, stderr } = await start(process.execPath, [example('sealed-memory.mjs')]).succeeded();
  expect(stderr).toBe('');
  expect(stdout).toBe('sealed: "a document" has 3 pages\nnot sealed: refused, it may change\n');
});

test('comlink-file: one process writes to a file that the other has created', async () => {
  const { stdout, stderr } = await start(process.execPath, [example('comlink-file.mjs')]).succeeded();
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'the log has 16 bytes',
    "refused: '../work' is no name for a log",
    'the server finds: the work is done',
  ]);
});

test('testing-an-rpc: the RPC passes, and the one with a bug is found out and replayed, with a picture', async () => {
  const directory = mkdtempSync(path.join(runDirectory(), 'pictures-'));
  const options = { env: { TMPDIR: directory } };
  const { stdout, stderr } = await start(process.execPath, [example('testing-an-rpc/test.mjs')], options).succeeded();
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual([
    'rpc, over the kernel: 200 runs, all well',
    'rpc, over a model: 200 seeds, all well',
  ]);
  expect(lines[2]).toMatch(/^rpc, over a model: broken in front of each of \d{2,} bytes, all borne$/);
  expect(lines[3]).toBe('rpc-with-a-bug, over the kernel: 200 runs, all well');
  const [, seed] = /^rpc-with-a-bug, over a model: seed (\d+) fails: SyntaxError: .* JSON/.exec(lines[4] ?? '') ?? [];
  expect(seed).toBeDefined();
  const picture = path.join(directory, `rpc-with-a-bug-seed-${seed}.svg`);
  expect(lines[5]).toMatch(
    new RegExp(`^ {2}again with seed ${seed}: the same, in the same \\d+ steps. See ${picture}$`),
  );
  expect(lines).toHaveLength(6);
  expect(readFileSync(picture, 'utf8')).toMatch(/^<svg [^]*rpc-with-a-bug, seed/);
  rmSync(directory, { recursive: true });
});

test('testing-an-rpc: the bug is one line, and its comment', () => {
  const [right, wrong] = ['rpc', 'rpc-with-a-bug'].map((name) =>
    readFileSync(example(`testing-an-rpc/${name}.mjs`), 'utf8').split('\n'),
  );
  const code = (line: string) => !line.trimStart().startsWith('//');
  expect(wrong?.filter((line) => code(line) && right?.includes(line) === false)).toEqual([
    '  for await (const frame of socket.frames()) {',
  ]);
  expect(right?.filter((line) => code(line) && wrong?.includes(line) === false)).toEqual([
    '  for await (const frame of socket.frames(codec)) {',
  ]);
});

describe('socket-activation', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(runDirectory(), 'activation-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('serves the clients that waited, then ends', async () => {
    const address = path.join(directory, 'socket');
    using listening = nativeBinding.socket();
    expect(nativeBinding.bind(listening, { path: address })).toBeUndefined();
    expect(nativeBinding.listen(listening, 5)).toBeUndefined();
    const clients = [await connect(address), await connect(address)];

    // As a service manager does: the pid is that of the shell, which becomes the server.
    const activate = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$1"';
    await using server = start('sh', ['-c', activate, process.execPath, example('socket-activation.mjs')], {
      descriptors: [listening.fd],
    });
    for (const client of clients) {
      using greeting = await handoff.receiveFd(client);
      expect(readFileSync(`/proc/self/fd/${greeting.fd}`, 'utf8')).toBe('hello from an activated server\n');
      client.destroy();
    }
    const { stdout, stderr } = await server.succeeded();
    expect(stderr).toBe('');
    expect(stdout).toContain(`listening at { path: '${address}' }`);
    expect(stdout.match(/a client of user/g)).toHaveLength(2);
  });

  test('refuses to start without the variables, or with those of another process', async () => {
    for (const env of [{}, { LISTEN_FDS: '1', LISTEN_PID: '1' }]) {
      const { code, stderr } = await start(process.execPath, [example('socket-activation.mjs')], { env }).finished;
      expect(code).toBe(1);
      expect(stderr).toContain('start this by a service manager');
    }
  });
});

test('every example is in the list', () => {
  const list = readFileSync(example('README.md'), 'utf8');
  const files = readdirSync(examples).filter((file) => file.endsWith('.mjs'));
  expect(files.filter((file) => !list.includes(`(${file})`))).toEqual([]);
});
