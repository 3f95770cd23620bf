import { type FdSocket, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { node } from '../support/children';
import { bytesOf, codeOf, destroyed, fill } from './sockets';
import { built } from '../support/built';

let left: FdSocket;
let right: FdSocket;
beforeEach(() => {
  [left, right] = socketpair();
});
afterEach(() => destroyed(left, right));

/** Identities of the descriptors received while everything is read. */
function arriving(socket: FdSocket): string[] {
  const seen: string[] = [];
  socket.on('fds', (frame) => {
    seen.push(...frame.fds.map((fd) => identity(fd.fd)));
    frame.close();
  });
  return seen;
}

it('a borrowed descriptor may be closed, and its number reused, while the frame waits', async () => {
  fill(left);
  const meant = fds.memfd('meant');
  const wanted = identity(meant.fd);
  const number = meant.fd;
  const sent = left.send('x', [number]);
  meant.close();
  const other = fds.memfd('other');
  expect(other.fd).toBe(number);
  const seen = arriving(right);
  right.resume();
  await sent;
  left.end();
  await bytesOf(right);
  expect(seen).toEqual([wanted]);
  other.close();
});

it('a signal takes a waiting frame back, and nothing of it is sent', async () => {
  const before = fill(left);
  const controller = new AbortController();
  const memfd = fds.memfd('x');
  const aborted = left.send('taken back', [memfd], { signal: controller.signal });
  const kept = left.send('kept');
  controller.abort(new Error('changed my mind'));
  await expect(aborted).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: { message: 'changed my mind' },
  });
  const seen = arriving(right);
  const reading = bytesOf(right);
  await kept;
  left.end();
  expect((await reading).length).toBe(before + 4);
  expect(seen).toEqual([]);
  memfd.close();
});

it('a signal after the first byte was accepted changes nothing', async () => {
  const controller = new AbortController();
  const length = 4 * 1024 * 1024;
  const sent = left.send(Buffer.alloc(length), [], { signal: controller.signal });
  controller.abort();
  const reading = bytesOf(right);
  await sent;
  left.end();
  expect((await reading).length).toBe(length);
});

it('a frame with a bad descriptor fails alone; its neighbours arrive', async () => {
  const memfd = fds.memfd('good');
  const wanted = identity(memfd.fd);
  const results = await Promise.allSettled([
    left.send('a'),
    left.send('b', [memfd]),
    left.send('c', [memfd, 999_999]),
    left.send('d', [memfd]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(results[2]).toMatchObject({ reason: { code: 'EBADF', syscall: 'sendmsg' } });
  const seen = arriving(right);
  left.end();
  expect((await bytesOf(right)).toString()).toBe('abd');
  expect(seen).toEqual([wanted, wanted]);
  memfd.close();
});

it('one bad descriptor of more than 253 is found before anything is written', async () => {
  const memfd = fds.memfd('good');
  const many = [...Array<OwnedFd>(300).fill(memfd), 999_999];
  expect(await codeOf(() => left.send('xyz', many))).toBe('EBADF');
  left.end('rest');
  expect((await bytesOf(right)).toString()).toBe('rest');
  memfd.close();
});

it('600 descriptors arrive with one frame, in order', async () => {
  await destroyed(left, right);
  [left, right] = socketpair({ maxFdsPerFrame: 600 });
  const pool = [fds.memfd('0'), fds.memfd('1'), fds.memfd('2')];
  const many = Array.from({ length: 600 }, (_, index) => pool[index % 3] ?? -1);
  await left.send('abcdef', many);
  const frame = await right.receive(6);
  expect(frame.bytes.toString()).toBe('abcdef');
  const identities = pool.map(({ fd }) => identity(fd));
  expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(many.map((_, index) => identities[index % 3]));
  frame.close();
  OwnedFd.closeAll(pool);
});

it('a listener that throws does not keep later frames from being sent', async () => {
  const child = node(`
    const { socketpair, raw } = require(${JSON.stringify(built())});
    process.on('uncaughtException', (error) => console.log('caught', error.message));
    const [left, right] = socketpair();
    try { for (;;) raw.sendMessage(left, Buffer.alloc(16384)); } catch {}
    while (left.write(Buffer.alloc(16384)));
    left.once('drain', () => { throw new Error('from a listener'); });
    const sent = left.send('after');
    right.resume();
    sent.then(() => left.send('and later')).then(() => { console.log('sent'); setImmediate(() => { left.destroy(); right.destroy(); }); });
  `);
  const { stdout } = await child.succeeded();
  expect(stdout.trim().split('\n').sort()).toEqual(['caught from a listener', 'sent']);
});

it('too many descriptors in flight (ETOOMANYREFS): the frame waits until the peer reads, and is sent once', async () => {
  // The limit spares root, so the child becomes nobody, with a user id of its own to be counted under.
  const child = node(
    `
    const { socketpair, fds } = require(${JSON.stringify(built())});
    const identity = (fd) => require('node:fs').fstatSync(fd).ino;
    process.setgid(65534); process.setuid(54321);
    const [left, right] = socketpair();
    const memfd = fds.memfd('x');
    const limit = Number(/open files +(\\d+)/.exec(require('node:fs').readFileSync('/proc/self/limits', 'utf8'))[1]);
    (async () => {
      let sent = 0; let refused = false;
      const sends = [];
      // The limit is RLIMIT_NOFILE; each frame holds 253, so it is met long before the kernel's buffer is full.
      const frames = Math.ceil(limit / 253) + 10;
      for (let i = 0; i < frames; i++) sends.push(left.send('x', Array(253).fill(memfd)).then(() => sent++));
      await new Promise(setImmediate);
      const waiting = frames - sent;
      let received = 0;
      for await (const frame of right.frames()) {
        for (const fd of frame.fds) if (identity(fd.fd) !== identity(memfd.fd)) throw new Error('wrong descriptor');
        received += frame.fds.length; frame.close();
        if (received === frames * 253) break;
      }
      await Promise.all(sends);
      console.log(JSON.stringify({ waited: waiting > 0 && waiting < 20, all: received === frames * 253 }));
      left.destroy(); right.destroy();
    })();
    `,
  );
  const { stdout } = await child.succeeded();
  expect(JSON.parse(stdout)).toEqual({ waited: true, all: true });
});
