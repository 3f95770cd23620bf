import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type FdLike, fds, handoff, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { nativeBinding } from '../../packages/binding-native';
import { destroyed } from '../socket/sockets';
import { built } from '../support/built';
import { runDirectory, start } from '../support/children';
import { root } from './npm';
import { documentedPrograms } from './readme-programs';

// The programs of README.md, docs/ and examples/ that serve others, and those whose server others are. A peer can fail its own
// connection; it cannot end the program, nor keep it from serving the next one.

const programs = new Map(documentedPrograms(root).map(({ name, source }) => [name, source]));
const attacks =
  readFileSync(path.join(__dirname, 'hostile-attacks.js'), 'utf8').match(/(?<=^ {2}')[^']+(?=': )/gm) ?? [];
let directory: string;

beforeAll(() => {
  built();
  directory = mkdtempSync(path.join(runDirectory(), 'hostile-'));
  mkdirSync(path.join(directory, 'node_modules'));
  symlinkSync(root, path.join(directory, 'node_modules', 'ancillary'));
  copyFileSync(path.join(__dirname, 'hostile-attacks.js'), path.join(directory, 'attacks.js'));
});

/** Runs a program among hostile peers; it must end by itself, with success. Returns what it wrote. */
async function among(name: string, attack = ''): Promise<string> {
  const file = path.join(directory, `${name}.mjs`);
  writeFileSync(file, programs.get(name) ?? '');
  const args = ['--require', path.join(directory, 'attacks.js'), file];
  const child = start(process.execPath, args, { env: { ATTACK: attack, TMPDIR: directory }, timeout: 60_000 });
  const { stdout, stderr } = await child.succeeded();
  expect(stderr).not.toContain('ANCILLARY_LEAK');
  return stdout;
}

test('the attacks are found', () => {
  expect(attacks.length).toBeGreaterThan(20);
});

test('the server of README.md serves an honest client after all hostile ones', async () => {
  const lines = (await among('stream')).split('\n').filter((line) => /^(with bytes|answer:)/.test(line));
  expect(lines.sort()).toEqual(['answer: thanks', 'with bytes 0 to 38 came: a file']);
});

test('the file server of docs/recipes.md serves an honest client after all hostile ones', async () => {
  expect(await among('rpc')).toMatch(/1 \[ 'the first file' \]\n2 no such file\n$/);
});

test.each(attacks)('neither end of the RPC in docs/rpc.md is ended by a peer that %s', async (attack) => {
  await among('embedded', attack);
});

test.each(attacks)('the calls in README.md are not either by one that %s', async (attack) => {
  await among('rpc-files', attack);
});

test.each(attacks)('its D-Bus connection is not either by one that %s', async (attack) => {
  await among('lock', attack);
});

test('socket-activation.mjs greets an honest client after those that hang up and reset', async () => {
  const address = path.join(directory, 'activation');
  using listening = nativeBinding.socket();
  nativeBinding.bind(listening, { path: address });
  nativeBinding.listen(listening, 50);
  const gone = await connect(address);
  await destroyed(gone);
  const resetting = await Promise.all(Array.from({ length: 10 }, () => connect(address)));
  const honest = await connect(address);
  await using server = start(
    'sh',
    [
      '-c',
      'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$1"',
      process.execPath,
      path.join(root, 'examples/socket-activation.mjs'),
    ],
    { descriptors: [listening.fd] },
  );
  // The greetings are there, and stay unread.
  for (let line = await server.line(); !line.startsWith('a client'); line = await server.line());
  for (let count = 1; count < 10; count++) await server.line();
  await destroyed(...resetting);
  using greeting = await handoff.receiveFd(honest);
  expect(readFileSync(`/proc/self/fd/${greeting.fd}`, 'utf8')).toBe('hello from an activated server\n');
  await destroyed(honest);
  await server.succeeded();
});

test('the parser of sealed-memory.mjs answers whatever it is sent', async () => {
  const sealed = (text: string): FdLike => fds.memfd('document', Buffer.from(text), { seal: true });
  const [ours, theirs] = socketpair();
  await using parser = start(process.execPath, [path.join(root, 'examples/sealed-memory.mjs'), 'parser'], {
    descriptors: [theirs.fd],
  });
  await destroyed(theirs);
  const connection = framed(ours, {
    ...lengthPrefixed(),
    encode: (message: { bytes: Uint8Array; fds?: readonly FdLike[] }) => ({
      ...lengthPrefixed().encode(message),
      transfer: true,
    }),
  });
  const documents: FdLike[] = [
    sealed('no JSON'),
    sealed('null'),
    sealed('{"title": 1}'),
    sealed(`"${'x'.repeat(1_000_001)}"`),
    fds.dup(0),
    sealed('{"title":"good","pages":[]}'),
  ];
  for (const fd of documents) await connection.send({ bytes: Buffer.from('?'), fds: [fd] });
  const answers: string[] = [];
  for await (const { bytes } of connection) {
    answers.push(bytes.toString());
    if (answers.length === documents.length) break;
  }
  await connection.close();
  await parser.succeeded();
  expect(answers).toEqual([
    ...Array<string>(3).fill('?: refused, it is no document'),
    '?: refused, it is too long',
    '?: refused, it may change',
    '?: "good" has 0 pages',
  ]);
});
