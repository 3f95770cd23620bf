import { mkdtempSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runDirectory, start } from '../support/children';
import { root } from './npm';

// Node with its permission model: which flags the package needs, and what it says without them.

/** The flag was renamed after Node 20. */
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

const PAIR = 'for (const socket of socketpair()) socket.destroy()';

/** What a program says that has `use` in it. */
async function run(use: string, ...flags: string[]): Promise<string> {
  const program = `
    const { connect, listen, socketpair } = require('${root}');
    (async () => {
      ${use};
      console.log('works');
    })().catch(({ name, code, message }) => console.log(JSON.stringify({ name, code, message })));`;
  const child = start(process.execPath, [PERMISSION, `--allow-fs-read=${root}/*`, ...flags, '-e', program, '--']);
  return (await child.succeeded()).stdout.trim();
}

test('the flags that docs/runtimes.md names are enough', async () => {
  expect(await run(PAIR, '--allow-addons')).toBe('works');
});

test('without --allow-addons importing works, and the first socket names that flag', async () => {
  expect(JSON.parse(await run(PAIR))).toEqual({
    name: 'AncillaryError',
    code: 'ERR_FD_PLATFORM',
    message:
      'ancillary cannot use sockets here: its binary ../build/Release/ancillary.node does not load: Error: Cannot load native addon because loading addons is disabled. Run Node without --no-addons, and where it has --permission, with --allow-addons.',
  });
});

test('listen() needs to read and to write its path, and says so', async () => {
  const directory = mkdtempSync(path.join(runDirectory(), 'permission-'));
  const address = path.join(directory, 'socket');
  const use = `
    const server = await listen('${address}');
    (await connect('${address}')).destroy();
    await server.close()`;
  const [read, write] = [`--allow-fs-read=${address}`, `--allow-fs-write=${address}`];
  expect(await run(use, '--allow-addons', read, write)).toBe('works');
  expect(readdirSync(directory)).toEqual([]);
  expect(JSON.parse(await run(use, '--allow-addons', write))).toMatchObject({ code: 'ERR_ACCESS_DENIED' });
});
