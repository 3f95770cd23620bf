import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { fds, handoff, OwnedFd, raw, socketpair } from 'ancillary';
import { modelSocketPair } from 'ancillary/testing';
import { contentOf, file, identity, rejectsWith } from './file.mjs';

const { bun, deno } = process.versions;

/** What docs/runtimes.md says this runtime cannot do: there a clear error is what is right. */
const unable = {
  'net.Socket': bun !== undefined,
  'net.Socket of a pipe': bun !== undefined || deno !== undefined,
  'lending a net.Server': deno !== undefined,
};

/** @param {() => unknown} run */
async function refuses(run) {
  await rejectsWith((async () => run())(), 'ERR_FD_PLATFORM');
}

export const checks = {
  async 'fds: pipes, as streams both ways'() {
    const [readable, writable] = fds.pipe();
    assert.equal(fds.describeFd(readable).kind, 'pipe');
    const content = text(fds.toReadStream(readable));
    fds.toWriteStream(writable).end('through a pipe');
    assert.equal(await content, 'through a pipe');
  },

  async 'fds: pipes that wait, of which nothing else waits'() {
    const pipes = Array.from({ length: 20 }, () => fds.pipe());
    const waiting = pipes.map(([readable]) => fds.toReadStream(readable).resume());
    assert.equal(await contentOf(file('a file')), 'a file');
    const [readable, writable] = fds.pipe();
    const content = text(fds.toReadStream(readable));
    fds.toWriteStream(writable).end('x'.repeat(1_000_000));
    assert.equal((await content).length, 1_000_000);
    for (const stream of waiting) stream.destroy();
    OwnedFd.closeAll(pipes.map(([, writer]) => writer));
  },

  async 'a net.Socket that waits to be sent is not read'() {
    const [a, b] = socketpair();
    const [ours, theirs] = socketpair();
    if (unable['net.Socket']) {
      for (const each of [a, b, ours, theirs]) each.destroy();
      return;
    }
    const given = fds.toSocket(fds.dup(theirs));
    theirs.destroy();
    given.on('data', () => assert.fail('it was read'));
    const before = a.send(Buffer.alloc(1_000_000));
    const sent = a.send('x', [given], { transfer: true });
    await ours.send('for whoever gets it');
    await b.receive(1_000_000);
    const [fd] = (await b.receive(1)).fds;
    await Promise.all([before, sent]);
    assert.ok(fd);
    const buffer = Buffer.alloc(100);
    const { bytesRead } = raw.receiveMessage(fd, buffer);
    assert.equal(buffer.toString('utf8', 0, bytesRead), 'for whoever gets it');
    fd.close();
    for (const each of [a, b, ours]) each.destroy();
  },

  async 'fds: sealed memory, duplicates'() {
    const memory = fds.memfd('sealed', Buffer.from('some text'), { seal: true });
    const { kind, size, seals } = fds.describeFd(memory);
    assert.deepEqual([kind, size, seals], ['memfd', 9n, ['seal', 'shrink', 'grow', 'write']]);
    const copy = fds.dup(memory);
    assert.equal(identity(copy), identity(memory));
    memory.close();
    assert.equal(await contentOf(copy), 'some text');
  },

  async 'fds: a net.Socket of a Unix socket'() {
    const [a, b] = socketpair();
    const copy = fds.dup(a.fd);
    a.destroy();
    if (unable['net.Socket']) {
      await refuses(() => fds.toSocket(copy));
      copy.close();
    } else {
      fds.toSocket(copy).end('by net');
      assert.equal(String((await b.receive(6)).bytes), 'by net');
    }
    b.destroy();
  },

  async 'fds: a net.Socket of a pipe'() {
    const [readable, writable] = fds.pipe();
    if (unable['net.Socket of a pipe']) {
      await refuses(() => fds.toSocket(readable));
      readable.close();
      writable.close();
    } else {
      fds.toWriteStream(writable).end('through a pipe');
      assert.equal(await text(fds.toSocket(readable)), 'through a pipe');
    }
  },

  async 'a listening net.Server is sent, and served by whoever gets it'() {
    const [a, b] = socketpair();
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    if (unable['lending a net.Server']) {
      await refuses(() => a.send('x', [server]));
      server.close();
    } else {
      await a.send('x', [server]);
      const { fds: received } = await b.receive(1);
      const [fd] = received;
      assert.ok(fd);
      const address = server.address();
      server.close();
      const heir = fds.toServer(fd);
      await once(heir, 'listening');
      assert.deepEqual(heir.address(), address);
      heir.close();
    }
    a.destroy();
    b.destroy();
  },

  async 'handoff: one descriptor, acknowledged'() {
    const [a, b] = socketpair();
    const sent = file('handed over');
    const [received] = await Promise.all([
      handoff.receiveFd(b, { acknowledge: true }),
      handoff.sendFd(a, sent, { acknowledge: true }),
    ]);
    sent.close();
    assert.equal(await contentOf(received), 'handed over');
    a.destroy();
    b.destroy();
  },

  'raw: one system call each'() {
    const [a, b] = socketpair();
    const sent = file('x');
    assert.equal(raw.sendMessage(a, Buffer.from('abc'), [sent]), 3);
    const { bytesRead, fds: received, truncated } = raw.receiveMessage(b, Buffer.alloc(10));
    assert.deepEqual([bytesRead, received.map(identity), truncated], [3, [identity(sent)], false]);
    OwnedFd.closeAll([sent, ...received]);
    assert.throws(() => raw.receiveMessage(b, Buffer.alloc(10)), { code: 'EAGAIN' });
    a.destroy();
    b.destroy();
  },

  async 'a child inherits one end, in Python'() {
    const [ours, theirs] = socketpair({ child: true });
    const source = `
import socket
peer = socket.socket(fileno=3)
message, received, flags, address = socket.recv_fds(peer, 100, 1)
socket.send_fds(peer, [message.upper()], received)
`;
    const child = spawn('python3', ['-c', source], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
    const ended = once(child, 'close');
    theirs.close();
    const sent = file('back again');
    await ours.send('hello', [sent]);
    sent.close();
    const { bytes, fds: received } = await ours.receive(5);
    assert.deepEqual([String(bytes), await contentOf(received[0])], ['HELLO', 'back again']);
    ours.destroy();
    assert.deepEqual(await ended, [0, null]);
  },

  async 'ancillary/testing: a model of the kernel'() {
    const pair = modelSocketPair({ seed: 1, kernel: 'darwin', faults: 0.1 });
    const sent = pair.world.open('a file');
    await pair[0].send('hello', [sent]);
    sent.close();
    const { fds: received } = await pair[1].receive(5);
    assert.deepEqual(
      received.map((fd) => pair.world.identity(fd)),
      ['a file'],
    );
    OwnedFd.closeAll(received);
    pair[0].destroy();
    pair[1].destroy();
    assert.deepEqual(pair.world.openDescriptors().flat(), []);
  },
};
