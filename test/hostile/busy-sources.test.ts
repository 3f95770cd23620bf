import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type FdLike, type FdSocket, socketpair } from '../../packages/ancillary';
import { runDirectory } from '../support/children';
import { closed, codeOf, destroyed, fill } from '../socket/sockets';

// To transfer something is to close it here: what it still holds in this process would be lost.

let left: FdSocket;
let right: FdSocket;
let where: string;
beforeEach(() => {
  [left, right] = socketpair();
  where = path.join(runDirectory(), `busy-${process.pid}`);
});
afterEach(async () => {
  fs.rmSync(where, { force: true });
  await destroyed(left, right);
});

/** Refused, with nothing sent and the socket as good as before. */
async function refused(source: FdLike): Promise<void> {
  expect(await codeOf(() => left.send('x', [source], { transfer: true }))).toBe('ERR_FD_BUSY');
  expect(left.stats.fdsSent).toBe(0);
  expect(left.destroyed).toBe(false);
}

it('an fs.WriteStream with unsent writes is not transferred, and writes them all', async () => {
  const stream = fs.createWriteStream(where);
  await once(stream, 'open');
  for (const text of ['one,', 'two,', 'three']) stream.write(text);
  await refused(stream);
  stream.end();
  await once(stream, 'close');
  expect(fs.readFileSync(where, 'utf8')).toBe('one,two,three');
});

it('an fs.ReadStream that has read ahead is not transferred, and gives all it read', async () => {
  fs.writeFileSync(where, '0123456789');
  const stream = fs.createReadStream(where, 'utf8');
  await once(stream, 'readable');
  await refused(stream);
  const ended = once(stream, 'close');
  expect(stream.read()).toBe('0123456789');
  stream.resume();
  await ended;
});

it('an FdSocket with pending sends is not transferred, and sends them', async () => {
  const [source, peer] = socketpair();
  const pending = source.send(Buffer.alloc(4_000_000));
  expect(source.writableLength).toBe(4_000_000);
  await refused(source);
  peer.resume();
  await pending;
  await destroyed(source, peer);
});

it('an FdSocket with pending writes is not transferred either', async () => {
  const [source, peer] = socketpair();
  fill(source);
  await refused(source);
  await destroyed(source, peer);
});

it('each of them is transferred once nothing is pending', async () => {
  const [source, peer] = socketpair();
  peer.resume();
  await source.send(Buffer.alloc(4_000_000));
  const stream = fs.createWriteStream(where);
  await new Promise((resolve) => stream.write('written', resolve));
  await left.send('x', [source, stream], { transfer: true });
  const frame = await right.receive(1);
  expect(frame.fds).toHaveLength(2);
  frame.close();
  await closed(source);
  if (!stream.closed) await once(stream, 'close');
  await destroyed(peer);
});
