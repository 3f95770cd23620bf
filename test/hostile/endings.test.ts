import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type FdSocket, fds, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { bytesOf, closed, destroyed } from '../socket/sockets';
import { settled, until } from './until';

let left: FdSocket;
let right: FdSocket;
let closes: number;
beforeEach(() => {
  [left, right] = socketpair();
  closes = 0;
  left.on('close', () => closes++);
});
afterEach(() => destroyed(left, right));

describe('a socket that is only written to, after end()', () => {
  it('closes by itself when the peer is gone and left nothing unread', async () => {
    right.resume();
    left.end('all there is');
    await closed(right.end());
    await until(() => closes === 1);
    expect(left.fd).toBe(-1);
    expect(right.stats.bytesRead).toBe(12);
  });

  it('closes by itself also when the peer was gone before end()', async () => {
    await destroyed(right);
    left.end();
    await until(() => closes === 1);
    expect(left.fd).toBe(-1);
  });

  it('stays open while bytes of the peer are unread, and they can still be read', async () => {
    await right.send('unread');
    right.resume();
    left.end('written');
    await closed(right.end());
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(left.destroyed).toBe(false);
    expect((await bytesOf(left)).toString()).toBe('unread');
    await until(() => closes === 1);
  });

  it('keeps descriptors that are unread, and frames() gives them', async () => {
    using memfd = fds.memfd('unread');
    await right.send('unread', [memfd]);
    right.resume();
    left.end();
    await closed(right.end());
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    let count = 0;
    for await (const frame of left.frames()) {
      count += frame.fds.length;
      frame.close();
    }
    expect(count).toBe(1);
    await until(() => closes === 1);
  });
});

it('close() of framed() resolves when the peer is gone with messages unsent', async () => {
  const connection = framed(left, lengthPrefixed());
  const sent = connection.send({ bytes: Buffer.alloc(4_000_000) });
  const closing = connection.close();
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  right.destroy();
  expect(await settled(sent)).toMatchObject({ status: 'rejected' });
  expect(await settled(closing)).toEqual({ status: 'fulfilled', value: undefined });
  expect(left.fd).toBe(-1);
});

it('close() of framed() resolves when the peer was gone long before', async () => {
  const connection = framed(left, lengthPrefixed());
  await destroyed(right);
  expect(await settled(connection.close())).toEqual({ status: 'fulfilled', value: undefined });
});

it.each([NaN, -1])('connect() refuses a timeout of %p', async (timeout) => {
  const attempt = connect({ abstract: `ancillary-nobody-${process.pid}` }, { retry: true, timeout });
  expect(await settled(attempt)).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) as unknown });
});
