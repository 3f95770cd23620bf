import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { listen } from '../../packages/ancillary';
import { runDirectory } from '../support/children';
import { settled } from './until';
import { inChild } from './child';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(runDirectory(), 'closing-'));
});
afterEach(() => {
  for (const left of [directory, `${directory}-moved`]) fs.rmSync(left, { recursive: true, force: true });
});

it.each([
  ['gone', () => fs.rmSync(directory, { recursive: true })],
  [
    'replaced by a file',
    () => {
      fs.renameSync(directory, `${directory}-moved`);
      fs.writeFileSync(directory, 'a file');
    },
  ],
])('close() with the directory %s throws nothing synchronously, and the server is closed', async (_, change) => {
  const server = await listen(path.join(directory, 's'));
  const pending = server[Symbol.asyncIterator]().next();
  const closing = once(server, 'close');
  change();
  const result = server.close();
  expect(result).toBeInstanceOf(Promise);
  await settled(result);
  await closing;
  expect(server.listening).toBe(false);
  expect(await settled(pending)).toEqual({ status: 'fulfilled', value: { done: true, value: undefined } });
});

it('close() with something else at the path leaves that alone', async () => {
  const where = path.join(directory, 's');
  const server = await listen(where);
  fs.rmSync(where);
  fs.writeFileSync(where, 'precious');
  await server.close();
  expect(fs.readFileSync(where, 'utf8')).toBe('precious');
});

it('a signal that aborts with the directory replaced closes the server and throws nowhere', async () => {
  const told = await inChild(
    `
    const fs = require('node:fs');
    const directory = process.argv[1];
    const controller = new AbortController();
    const server = await ancillary.listen(directory + '/s', { signal: controller.signal });
    fs.renameSync(directory, directory + '-moved');
    fs.writeFileSync(directory, 'a file');
    controller.abort();
    await turns(5);
    return server.listening;`,
    { args: [directory] },
  );
  expect(told).toEqual({ result: false, uncaught: [] });
});

it('close() removes a relative path also after process.chdir()', async () => {
  const { result } = await inChild(
    `
    const fs = require('node:fs');
    process.chdir(process.argv[1]);
    const server = await ancillary.listen('relative.sock');
    const there = fs.readdirSync('.');
    process.chdir('/');
    await server.close();
    return [there, fs.readdirSync(process.argv[1])];`,
    { args: [directory] },
  );
  expect(result).toEqual([['relative.sock'], []]);
});

it(`an error that no 'error' listener hears is a warning, and an errorMonitor is told`, async () => {
  const { result, uncaught } = await inChild(
    `
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push([code, message.includes('mine')]));
    const server = await ancillary.listen(process.argv[1] + '/s', { captureRejections: true });
    const told = [];
    server.on(require('node:events').errorMonitor, (error) => told.push(error.message));
    server.on('close', async () => { throw new Error('mine'); });
    await server.close();
    await until(() => warnings.length > 0);
    return { told, warnings };`,
    { args: [directory] },
  );
  expect(result).toEqual({ told: ['mine'], warnings: [['ANCILLARY_SERVER', true]] });
  expect(uncaught).toEqual([]);
});

it(`a listener of 'error' that throws does not keep a server that failed from closing`, async () => {
  const { result, uncaught } = await inChild(
    `
    const server = await ancillary.listen(process.argv[1] + '/s');
    server.on('error', () => { throw new Error('mine'); });
    let closed = false;
    server.on('close', () => (closed = true));
    server.on('connection', () => undefined);
    require('node:child_process').spawnSync('python3',
      ['-c', 'import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)'],
      { stdio: ['ignore', 'inherit', 'inherit', server.fd] });
    await until(() => closed);
    return [server.listening, server.fd, require('node:fs').readdirSync(process.argv[1])];`,
    { args: [directory] },
  );
  expect(result).toEqual([false, -1, []]);
  expect(uncaught).toEqual(['mine']);
});
