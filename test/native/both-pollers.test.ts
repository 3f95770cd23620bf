import { type Child } from '../support/children';
import { addonChild } from './addon-child';

// What holds however the addon waits: by libuv, and by a thread of its own as in Deno and Bun.

describe.each(['libuv', 'thread'])('waiting by %s', (poller) => {
  const child = (source: string): Child => addonChild(source, { env: { ANCILLARY_POLLER: poller } });

  // In a child, which would spin without end.
  it('a listener that accepts nothing fails once when its socket is shut down, and lets the loop end', async () => {
    const { stdout } = await child(`
      const { spawnSync } = require('node:child_process');
      const fd = addon.socket();
      addon.bind(fd, Buffer.from('\\0ancillary-shut-down-' + process.pid));
      addon.listen(fd, 1);
      const failed = (errno) => console.log('failed', errno);
      if (addon.openListener(fd, { connection() {}, failed }) !== 0) throw new Error('openListener');
      const shutDown = 'import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)';
      const { status } = spawnSync('python3', ['-c', shutDown], { stdio: ['ignore', 2, 2, fd] });
      console.log('shut down', status);
      process.on('exit', () => addon.closeHandle(fd));
    `).succeeded();
    expect(stdout).toBe('shut down 0\nfailed -22\n');
  });

  it('a socket that was closed within its callback can be opened again, by a copy that gets its number', async () => {
    const { stdout } = await child(`
      const [fd, peer] = pair();
      const copy = addon.dup(fd);
      // With no handle left, all that waits is thrown away.
      const [other, otherPeer] = pair();
      addon.openSocket(other, { read() {}, writable() {}, hangup() {} });
      const open = (name, then) => {
        const read = (memory) => {
          const [offset, length] = addon.readSegments;
          console.log(name, 'reads', memory.toString('latin1', offset, offset + length));
          addon.closeHandle(fd);
          then();
        };
        const error = addon.openSocket(fd, { read, writable() {}, hangup() {} });
        if (error !== 0) throw new Error('openSocket: ' + error);
        addon.allowReading(fd, Infinity, Infinity);
      };
      open('the first', () => {
        // The lowest free number is the one that was closed, and the open file is the same.
        if (addon.dup(copy) !== fd) throw new Error('another number');
        open('the next', () => {
          addon.closeHandle(other);
          for (const left of [copy, peer, otherPeer]) addon.close(left);
        });
        addon.sendMessage(peer, Buffer.from('two'), []);
      });
      addon.sendMessage(peer, Buffer.from('one'), []);
    `).succeeded();
    expect(stdout).toBe('the first reads one\nthe next reads two\n');
  });

  it('the event loop goes on to other things while sockets are always readable', async () => {
    const { stdout } = await child(`
      const PAIRS = 1000;
      const MESSAGES = 200_000;
      const byte = Buffer.from('x');
      const open = new Set();
      let messages = 0;
      let turns = 0;
      const count = () => {
        turns++;
        if (open.size > 0) setImmediate(count);
      };
      const echoing = (fd) => {
        open.add(fd);
        const read = () => {
          if (++messages < MESSAGES) return void addon.sendMessage(fd, byte, []);
          for (const each of open) addon.closeHandle(each);
          open.clear();
        };
        if (addon.openSocket(fd, { read, writable() {}, hangup() {} }) !== 0) throw new Error('openSocket');
        addon.allowReading(fd, Infinity, Infinity);
      };
      for (let i = 0; i < PAIRS; i++) {
        const ends = pair();
        ends.forEach(echoing);
        addon.sendMessage(ends[0], byte, []);
      }
      setImmediate(count);
      process.on('exit', () => console.log(JSON.stringify({ messages, turns })));
    `).succeeded();
    const { messages, turns } = JSON.parse(stdout) as { messages: number; turns: number };
    expect(messages).toBe(200_000);
    // A delivery of everything that is readable has at most one message for each socket.
    expect(turns).toBeGreaterThan(200_000 / 2000 / 2);
  });

  it("what a callback of readFile throws goes to 'uncaughtException'", async () => {
    const { stdout } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const memory = new Uint8Array(4);
      addon.readFile(-1, memory, (result) => {
        console.log(result);
        throw new Error('of the callback');
      });
    `).succeeded();
    expect(stdout).toBe('-9\nuncaught of the callback\n');
  });

  it('memory that is transferred while it is read into or written from is left alone', async () => {
    const { stdout } = await child(`
      const ends = new Int32Array(2);
      addon.pipe(ends);
      const [reader, writer] = ends;
      const into = new Uint8Array(4);
      addon.readFile(reader, into, (count) => {
        console.log('read', count, into.length, taken.toString());
        closeAll(ends);
      });
      const taken = Buffer.from(structuredClone(into.buffer, { transfer: [into.buffer] }));
      const from = Uint8Array.from(Buffer.from('data'));
      addon.writeFile(writer, from, (count) => console.log('written', count, from.length));
      structuredClone(from.buffer, { transfer: [from.buffer] });
    `).succeeded();
    expect(stdout.split('\n').sort()).toEqual(['', 'read 4 0 \0\0\0\0', 'written 4 0']);
  });
});
