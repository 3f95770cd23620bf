import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdServer, listen } from '../../packages/ancillary';
import { type Child, python, runDirectory } from '../support/children';
import { codeOf } from '../socket/sockets';

// Anyone who may read a directory may lock it, for as long as they like.

let directory: string;
let locker: Child;
beforeEach(async () => {
  directory = fs.mkdtempSync(path.join(runDirectory(), 'locked-'));
  locker = python(
    `
import fcntl, os, signal, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print('locked', flush=True); signal.pause()
`,
    { args: [directory] },
  );
  await locker.line();
});
afterEach(async () => {
  await locker[Symbol.asyncDispose]();
  fs.rmSync(directory, { recursive: true });
});

it('a directory that somebody else locks for ever only delays listen()', async () => {
  await using server = await listen(path.join(directory, 's'));
  expect(server.listening).toBe(true);
});

it('a lock that is released lets listen() go on', async () => {
  const listening = listen(path.join(directory, 's'));
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  locker.kill();
  await using server: FdServer = await listening;
  expect(server.listening).toBe(true);
});

it('the signal ends the wait: AbortError, while the lock is still held and with nothing left behind', async () => {
  const controller = new AbortController();
  let over = false;
  const aborted = codeOf(() => listen(path.join(directory, 's'), { signal: controller.signal })).finally(() => {
    over = true;
  });
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(over).toBe(false);
  controller.abort();
  expect(await aborted).toBe('ABORT_ERR');
  expect(fs.readdirSync(directory)).toEqual([]);
});
