import assert from 'node:assert/strict';
import { once } from 'node:events';
import { OwnedFd, socketpair } from 'ancillary';
import { lengthPrefixed } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';
import { contentOf, file, rejectsWith } from './file.mjs';

/** A codec of one's own: lines that announce how many descriptors they have. */
const lines = {
  reads: /** @type {const} */ ('greedy'),
  measure(/** @type {Uint8Array} */ buffered, /** @type {number} */ scanned) {
    const end = buffered.indexOf(0x0a, scanned);
    if (end === -1) return { need: buffered.length + 1, scanned: buffered.length };
    return { length: end + 1, fds: Number(String.fromCharCode(buffered[0] ?? 0)) };
  },
  decode: (/** @type {import('ancillary').FdFrame} */ frame) => ({
    line: String(frame.bytes),
    fds: frame.fds.splice(0),
  }),
  encode: (/** @type {{ line: string, fds: OwnedFd[] }} */ { line, fds }) => ({ bytes: Buffer.from(line), fds }),
};

export const checks = {
  async 'send(): more descriptors than one sendmsg carries'() {
    const [a, b] = socketpair({ maxFdsPerFrame: 300 });
    const sent = file('x');
    const codec = lengthPrefixed();
    const message = codec.encode({ bytes: Buffer.from('many'), fds: Array.from({ length: 300 }, () => sent) });
    await a.send(message.bytes, message.fds);
    sent.close();
    const { value } = await b.frames(codec).next();
    assert.equal(OwnedFd.closeAll(codec.decode(value).fds), 300);
    a.destroy();
    b.destroy();
  },

  async 'send(): a full socket, and order with write()'() {
    const [a, b] = socketpair();
    const sent = file('at the end');
    a.write(Buffer.alloc(500_000));
    const last = a.send('last', [sent]);
    sent.close(); // It was lent: send() keeps a duplicate.
    a.end();
    let length = 0;
    let content;
    for await (const frame of b.frames()) {
      length += frame.bytes.length;
      if (frame.fds.length > 0) content = await contentOf(frame.fds[0]);
    }
    await last;
    b.end();
    assert.deepEqual([length, content], [500_004, 'at the end']);
  },

  async 'send(): transfer closes, an abort takes back, descriptors need a byte'() {
    const [a, b] = socketpair();
    const given = file('x');
    await a.send('x', [given], { transfer: true });
    assert.equal(given.closed, true);
    const kept = file('x');
    await rejectsWith(a.send('', [kept]), 'ERR_FD_WITHOUT_BYTES');
    await rejectsWith(a.send('x', [kept], { signal: AbortSignal.abort() }), 'ABORT_ERR');
    kept.close();
    a.destroy();
    b.destroy();
  },

  async 'send(): a closed peer is EPIPE'() {
    const [a, b] = socketpair();
    a.on('error', () => undefined);
    b.destroy();
    await rejectsWith(a.send('x'), 'EPIPE');
    a.destroy();
  },

  async 'errors of a peer: a frame that is too large destroys the socket'() {
    const [a, b] = socketpair();
    await a.send(Buffer.from([0, 0, 1, 0, 0, 0]));
    await rejectsWith(b.frames(lengthPrefixed({ maxLength: 10 })).next(), 'ERR_FRAME_TOO_LARGE');
    assert.equal(b.destroyed, true);
    a.destroy();
  },

  async 'framed(): messages both ways, of a codec of one’s own'() {
    const [one, other] = socketpair();
    const client = framed(one, lines);
    const server = framed(other, lines);
    const serving = (async () => {
      for await (const { line, fds } of server) {
        await server.send({ line: line.replace('ask', 'answer'), fds });
        OwnedFd.closeAll(fds);
      }
      await server.close();
    })();
    const sent = file('asked for');
    await client.send({ line: '1 ask\n', fds: [sent] });
    sent.close();
    for await (const { line, fds } of client) {
      assert.equal(line, '1 answer\n');
      assert.equal(await contentOf(fds[0]), 'asked for');
      break;
    }
    await client.close();
    await serving;
  },

  async 'end(): half-close'() {
    const [a, b] = socketpair();
    a.end('question');
    let asked = '';
    for await (const chunk of b.iterator({ destroyOnReturn: false })) asked += String(chunk);
    b.end(`answer to ${asked}`);
    let answer = '';
    a.on('data', (chunk) => (answer += String(chunk)));
    await once(a, 'end');
    assert.equal(answer, 'answer to question');
  },
};
