import { closeSync, openSync } from 'node:fs';
import { fds, type FdLike, type OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { withBarePeer, waitingAt } from '../support/bare-peer';

let file: OwnedFd;

beforeEach(() => {
  file = fds.memfd('sent');
});

afterEach(() => {
  file.close();
});

const copies = (count: number, ...last: FdLike[]): FdLike[] => [...Array.from({ length: count }, () => file), ...last];

/** A number that is not open: the highest one that was, so that nothing takes it meanwhile. */
function notOpen(): number {
  const opened = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'));
  for (const fd of opened) closeSync(fd);
  return Math.max(...opened);
}

function closedFd(): OwnedFd {
  const closed = fds.memfd('closed');
  closed.close();
  return closed;
}

it.each<[string, number, () => readonly FdLike[], object]>([
  ['a descriptor that is not open', 1, () => [notOpen()], { code: 'EBADF', syscall: 'sendmsg' }],
  ['one that is not open among others', 1, () => copies(3, notOpen()), { code: 'EBADF' }],
  ['one that is not open in the second sendmsg of many', 9, () => copies(300, notOpen()), { code: 'EBADF' }],
  ['a closed OwnedFd', 1, () => copies(1, closedFd()), { code: 'ERR_FD_CLOSED' }],
  ['the number -1', 1, () => [-1], { code: 'ERR_FD_CLOSED' }],
  ['no descriptor at all', 1, () => ['3' as unknown as FdLike], { name: 'TypeError' }],
  ['a fraction', 1, () => [1.5], { name: 'TypeError' }],
  ['nothing', 1, () => [undefined as unknown as FdLike], { name: 'TypeError' }],
  ['a descriptor without bytes', 0, () => copies(1), { code: 'ERR_FD_WITHOUT_BYTES' }],
  ['254 descriptors on one byte', 1, () => copies(254), { code: 'ERR_FD_WITHOUT_BYTES' }],
  ['507 descriptors on two bytes', 2, () => copies(507), { code: 'ERR_FD_WITHOUT_BYTES' }],
])('%s is refused, with nothing sent and the stream as good as before', async (_, length, sources, failure) => {
  using ends = withBarePeer();
  await expect(ends.socket.send(Buffer.alloc(length, 'x'), sources())).rejects.toMatchObject(failure);
  expect(waitingAt(ends.peer)).toEqual({ text: '', fds: 0 });
  await ends.socket.send('next', [file]);
  expect(waitingAt(ends.peer)).toEqual({ text: 'next', fds: 1 });
});

it('what is refused leaves its neighbours in their order', async () => {
  using ends = withBarePeer();
  const sends = [
    ends.socket.send('a', [file]),
    ends.socket.send('b', [notOpen()]),
    ends.socket.send('c'),
    ends.socket.send('', [file]),
    ends.socket.send('d', [file]),
  ];
  const outcomes = await Promise.allSettled(sends);
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, true]);
  expect(waitingAt(ends.peer)).toEqual({ text: 'acd', fds: 2 });
});

it.each([253, 254, 600])('%d descriptors pass on the fewest bytes that can carry them', async (count) => {
  using ends = withBarePeer();
  const bytes = 'x'.repeat(Math.ceil(count / fds.SCM_MAX_FD));
  await ends.socket.send(bytes, copies(count));
  expect(waitingAt(ends.peer)).toEqual({ text: bytes, fds: count });
});

it.each([undefined, null, 5, {}, []])('%p is nothing to send', async (bytes) => {
  using ends = withBarePeer();
  await expect(ends.socket.send(bytes as string)).rejects.toThrow(TypeError);
  expect(waitingAt(ends.peer)).toEqual({ text: '', fds: 0 });
});

it('no bytes and no descriptors are sent at once', async () => {
  using ends = withBarePeer();
  await ends.socket.send('');
  expect(waitingAt(ends.peer)).toEqual({ text: '', fds: 0 });
});

it('a frame longer than the codec’s maximum is ERR_FRAME_TOO_LARGE, with nothing sent', async () => {
  using ends = withBarePeer();
  const connection = framed(ends.socket, lengthPrefixed({ maxLength: 3 }));
  const tooLong = connection.send({ bytes: Buffer.from('four'), fds: [file] });
  await expect(tooLong).rejects.toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' });
  expect(waitingAt(ends.peer)).toEqual({ text: '', fds: 0 });
});
