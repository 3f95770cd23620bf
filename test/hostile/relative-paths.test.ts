import fs from 'node:fs';
import path from 'node:path';
import { runDirectory } from '../support/children';
import { inChild } from './child';

// A relative path means the working directory at the time of the call, also if the process leaves it before the path is used.

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(runDirectory(), 'relative-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

// Where the whole path fits what the kernel takes, and where it does not.
describe.each([
  ['', 's'],
  ['whose path is long, ', 'd'.repeat(100)],
])('in a directory %s', (_, name) => {
  const prepare = `
    const fs = require('node:fs');
    const here = process.argv[1] + '/' + process.argv[2];
    const there = process.argv[1] + '/there';
    for (const each of [here, there]) fs.mkdirSync(each);
    process.chdir(here);
    const open = () => fs.readdirSync('/proc/self/fd').length;
    const before = open();`;
  const inDirectory = (body: string) => inChild(prepare + body, { args: [directory, name] });

  it('connect({ retry }) meets the server that comes there, and not the one of another directory', async () => {
    const { result } = await inDirectory(`
      const connecting = ancillary.connect('s', { retry: true });
      process.chdir(there);
      const other = await ancillary.listen('s');
      other.on('connection', (socket) => socket.resume().end('other'));
      await turns(20);
      process.chdir(here);
      const server = await ancillary.listen('s');
      server.on('connection', (socket) => socket.resume().end('right'));
      process.chdir(there);
      const socket = await connecting;
      const { bytes } = await socket.receive(5);
      socket.destroy();
      await server.close();
      await other.close();
      await until(() => socket.closed && open() === before);
      return [bytes.toString(), open() - before];`);
    expect(result).toEqual(['right', 0]);
  });

  it('createConnection({ retry }) does so too, and holds nothing when it is destroyed before', async () => {
    const { result } = await inDirectory(`
      const socket = ancillary.createConnection('s', { retry: true });
      const given = ancillary.createConnection('s', { retry: true });
      process.chdir(there);
      given.destroy();
      const other = await ancillary.listen('s');
      other.on('connection', (socket) => socket.resume().end('other'));
      await turns(20);
      process.chdir(here);
      const server = await ancillary.listen('s');
      server.on('connection', (socket) => socket.resume().end('right'));
      process.chdir(there);
      const { bytes } = await socket.receive(5);
      socket.destroy();
      await server.close();
      await other.close();
      await until(() => socket.closed && open() === before);
      return bytes.toString();`);
    expect(result).toBe('right');
  });

  it('connect() has the path in its errors as it was given', async () => {
    const { result } = await inDirectory(`
      const connecting = ancillary.connect('./s', { retry: true, timeout: 5 });
      process.chdir(there);
      const { code, path, address, cause } = await connecting.catch((error) => error);
      return [code, path, address, cause.code, open() - before];`);
    expect(result).toEqual(['ETIMEDOUT', './s', './s', 'ENOENT', 0]);
  });

  it('listen() listens there, and close() removes the path there', async () => {
    const { result } = await inDirectory(`
      const listening = ancillary.listen('s');
      process.chdir(there);
      const server = await listening;
      const seen = [fs.readdirSync(here), fs.readdirSync(there)];
      await server.close();
      return [...seen, fs.readdirSync(here), open() - before];`);
    expect(result).toEqual([['s'], [], [], 0]);
  });

  it('listen() replaces a stale socket there, and leaves one of the other directory', async () => {
    const { result } = await inDirectory(`
      const leave = (directory) => require('node:child_process').spawnSync('python3',
        ['-c', 'import socket; socket.socket(socket.AF_UNIX).bind("s")'], { cwd: directory });
      for (const each of [here, there]) leave(each);
      const inode = fs.statSync(there + '/s').ino;
      const listening = ancillary.listen('s');
      process.chdir(there);
      const server = await listening;
      process.chdir(here);
      const socket = await ancillary.connect('s');
      socket.destroy();
      process.chdir(there);
      await server.close();
      return [fs.readdirSync(here), fs.statSync(there + '/s').ino === inode];`);
    expect(result).toEqual([[], true]);
  });
});

it('a symbolic link in it is followed by the kernel, and not taken away with what follows', async () => {
  fs.mkdirSync(path.join(directory, 'far', 'away'), { recursive: true });
  fs.symlinkSync('far/away', path.join(directory, 'link'));
  const { result } = await inChild(
    `
    process.chdir(process.argv[1]);
    const listening = ancillary.listen('link/../s');
    process.chdir('/');
    const server = await listening;
    const there = require('node:fs').readdirSync(process.argv[1] + '/far');
    await server.close();
    return [there, require('node:fs').readdirSync(process.argv[1] + '/far')];`,
    { args: [directory] },
  );
  expect(result).toEqual([['away', 's'], ['away']]);
});

it('in a directory that was removed it is ENOENT', async () => {
  const { result } = await inChild(
    `
    const gone = process.argv[1] + '/gone';
    require('node:fs').mkdirSync(gone);
    process.chdir(gone);
    require('node:fs').rmdirSync(gone);
    const code = (error) => error.code;
    return [await ancillary.listen('s').catch(code), await ancillary.connect('s').catch(code)];`,
    { args: [directory] },
  );
  expect(result).toEqual(['ENOENT', 'ENOENT']);
});
