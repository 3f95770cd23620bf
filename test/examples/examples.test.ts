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
      return `client ${client} is told: worker ${worker}, and you are client ${client}. You asked: who are you?`;
    }),
  );
});

test('sealed-memory: sealed documents are parsed, others refused', async () => {
  const { stdout, stderr } = await start(process.execPath, [example('sealed-memory.mjs')]).succeeded();
  expect(stderr).toBe('');
  expect(stdout).toBe('sealed: "a document" has 3 pages\nnot sealed: refused, it may change\n');
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
