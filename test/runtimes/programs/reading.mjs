import assert from 'node:assert/strict';
import { once } from 'node:events';
import { socketpair } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { contentOf, file, identity } from './file.mjs';

const codec = lengthPrefixed();

/** @param {import('ancillary').FdSocket} socket @param {string} bytes @param {import('ancillary').OwnedFd[]} [fds] */
function sendMessage(socket, bytes, fds = []) {
  const message = codec.encode({ bytes: Buffer.from(bytes), fds });
  return socket.send(message.bytes, message.fds);
}

export const checks = {
  async "bytes: 'fds' before the 'data' of its range"() {
    const [a, b] = socketpair();
    const seen = /** @type {unknown[]} */ ([]);
    b.on('fds', ({ fds: [fd], range }) => {
      seen.push(range, identity(fd ?? -1));
      fd?.close();
    });
    b.on('data', (chunk) => seen.push(String(chunk)));
    const sent = file('x');
    await a.send('with a descriptor', [sent]);
    const expected = [{ start: 0, end: 17 }, identity(sent), 'with a descriptor'];
    sent.close();
    a.end();
    await once(b, 'end');
    b.end();
    assert.deepEqual(seen, expected);
  },

  async 'bytes: for await of the socket'() {
    const [a, b] = socketpair();
    a.write('one ');
    a.end('two');
    let all = '';
    for await (const chunk of b) all += String(chunk);
    b.end();
    assert.equal(all, 'one two');
  },

  async 'bytes: a megabyte, with backpressure'() {
    const [a, b] = socketpair();
    a.end(Buffer.alloc(1_000_000, 7));
    let length = 0;
    for await (const chunk of b) length += chunk.length;
    b.end();
    assert.equal(length, 1_000_000);
  },

  async 'frames(): one for each segment'() {
    const [a, b] = socketpair();
    const sent = file('in the file');
    await a.send('bytes', [sent]);
    sent.close();
    a.end();
    const frames = [];
    for await (const frame of b.frames()) frames.push([String(frame.bytes), await contentOf(frame.fds[0])]);
    b.end();
    assert.deepEqual(frames, [['bytes', 'in the file']]);
  },

  async 'frames(codec): 10,000 in a burst, both ways at once, each with its own descriptor'() {
    const COUNT = 10_000;
    const files = [file('0'), file('1'), file('2')];
    const identities = files.map(identity);
    const ends = socketpair();
    const send = async (/** @type {import('ancillary').FdSocket} */ socket) => {
      const sent = [];
      for (let number = 0; number < COUNT; number++) {
        const fd = files[number % files.length];
        assert.ok(fd);
        sent.push(sendMessage(socket, String(number), [fd]));
        if (sent.length === 100) await Promise.all(sent.splice(0));
      }
      await Promise.all(sent);
      socket.end();
    };
    const receive = async (/** @type {import('ancillary').FdSocket} */ socket) => {
      let number = 0;
      for await (const frame of socket.frames(codec)) {
        const { bytes, fds } = codec.decode(frame);
        assert.equal(String(bytes), String(number));
        assert.deepEqual(fds.map(identity), [identities[number % files.length]]);
        for (const fd of fds) fd.close();
        number++;
      }
      assert.equal(number, COUNT);
    };
    await Promise.all(ends.flatMap((socket) => [send(socket), receive(socket)]));
    for (const each of files) each.close();
  },

  async 'frames(codec): break leaves the rest, with its descriptors'() {
    const [a, b] = socketpair();
    const sent = file('kept');
    await sendMessage(a, 'first');
    await sendMessage(a, 'second', [sent]);
    sent.close();
    for await (const frame of b.frames(codec)) {
      assert.equal(String(codec.decode(frame).bytes), 'first');
      break;
    }
    const { value } = await b.frames(codec).next();
    const { bytes, fds } = codec.decode(value);
    assert.deepEqual([String(bytes), await contentOf(fds[0])], ['second', 'kept']);
    a.destroy();
    b.destroy();
  },

  async 'forEachFrame(handler, codec)'() {
    const [a, b] = socketpair();
    const seen = /** @type {string[]} */ ([]);
    const served = b.forEachFrame(async (frame) => {
      const { bytes, fds } = codec.decode(frame);
      seen.push(`${String(bytes)} ${await contentOf(fds[0])}`);
    }, codec);
    for (const name of ['one', 'two']) {
      const sent = file(`of ${name}`);
      await sendMessage(a, name, [sent]);
      sent.close();
    }
    a.end();
    await served;
    b.end();
    assert.deepEqual(seen, ['one of one', 'two of two']);
  },

  async 'receive(length): exactly so many bytes'() {
    const [a, b] = socketpair();
    const sent = file('handed over');
    a.write('hello');
    await a.send('X', [sent]);
    sent.close();
    assert.equal(String((await b.receive(5)).bytes), 'hello');
    assert.equal(await contentOf((await b.receive(1)).fds[0]), 'handed over');
    a.destroy();
    b.destroy();
  },

  async 'onread: into one buffer'() {
    const seen = /** @type {string[]} */ ([]);
    const { a, b } = await new Promise((resolve) => {
      const [a, b] = socketpair({
        onread: {
          buffer: Buffer.alloc(100),
          callback(length, buffer, fds) {
            seen.push(`${buffer.toString('latin1', 0, length)} ${fds.length}`);
            for (const fd of fds) fd.close();
            resolve({ a, b });
            return true;
          },
        },
      });
      const sent = file('x');
      void a.send('bytes', [sent]);
      sent.close();
    });
    a.destroy();
    b.destroy();
    assert.deepEqual(seen, ['bytes 1']);
  },

  async 'a peer that is gone: the end of the stream, and nothing left open'() {
    const [a, b] = socketpair();
    const sent = file('x');
    await a.send('never read', [sent]);
    sent.close();
    a.destroy();
    const closed = once(b, 'close');
    b.resume();
    await closed;
  },
};
