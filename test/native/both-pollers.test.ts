import { type Child } from '../support/children';
import { addonChild } from './addon-child';

// What holds however the addon waits: by libuv, and by a thread of its own as in Deno and Bun.

describe.each(['libuv', 'thread'])('waiting by %s', (poller) => {
  const child = (source: string): Child => addonChild(source, { env: { ANCILLARY_POLLER: poller } });

  const LISTEN = `
    const { spawnSync } = require('node:child_process');
    const name = Buffer.from('\\0ancillary-both-' + process.pid);
    const fd = addon.socket();
    addon.bind(fd, name);
    addon.listen(fd, 8);
    const connect = () => {
      const client = addon.socket();
      if (addon.connect(client, name) !== 0) throw new Error('connect');
      return client;
    };
    /** What another process does that has a copy of the socket. */
    const elsewhere = (what) => {
      const source = 'import socket; listener = socket.socket(fileno=3); listener.' + what;
      if (spawnSync('python3', ['-c', source], { stdio: ['ignore', 2, 2, fd] }).status !== 0) throw new Error(what);
    };
    const accepted = [];
    const failed = (errno) => console.log('failed', errno);
    const connection = (each) => { console.log('accepted'); accepted.push(each); onConnection(); };
    let onConnection = () => {};
    if (addon.openListener(fd, { connection, failed }) !== 0) throw new Error('openListener');
    process.on('exit', () => addon.closeHandle(fd));`;

  // In children, which would spin without end.
  it.each([
    ['accepts nothing', 'SHUT_RDWR', ''],
    ['accepts', 'SHUT_RDWR', 'addon.setAccepting(fd, true);'],
    ['accepts', 'SHUT_RD', 'addon.setAccepting(fd, true);'],
  ])(
    'a listener that %s fails once when its socket is shut down (%s), and lets the loop end',
    async (_, how, accept) => {
      const { stdout } = await child(`${LISTEN}
      ${accept}
      elsewhere('shutdown(socket.${how})');
    `).succeeded();
      expect(stdout).toBe('failed -22\n');
    },
  );

  it('a listener that was shut down while it accepted nothing fails when it is to accept', async () => {
    const { stdout } = await child(`${LISTEN}
      elsewhere('shutdown(socket.SHUT_RD)');
      setImmediate(() => addon.setAccepting(fd, true));
    `).succeeded();
    expect(stdout).toBe('failed -22\n');
  });

  it('a listener does not block the loop where another process made its socket blocking', async () => {
    const { stdout } = await child(`${LISTEN}
      addon.setAccepting(fd, true);
      elsewhere('setblocking(True)');
      const clients = [connect(), connect()];
      onConnection = () => {
        if (accepted.length < 2) return;
        setImmediate(() => {
          console.log('the loop goes on');
          addon.setAccepting(fd, false);
          addon.setRef(fd, false);
          for (const each of [...clients, ...accepted]) addon.close(each);
        });
      };
    `).succeeded();
    expect(stdout).toBe('accepted\naccepted\nthe loop goes on\n');
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
        // A peer may go on sending to what others have as well, so a thread closes it.
        addon.settleClosing(10_000);
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
