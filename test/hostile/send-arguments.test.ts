import { type FdSocket, fds, type OwnedFd, socketpair } from '../../packages/ancillary';
import { bytesOf, destroyed, fill } from '../socket/sockets';
import { identity } from '../support/descriptors';

let left: FdSocket;
let right: FdSocket;
let given: OwnedFd;
let other: OwnedFd;
beforeEach(() => {
  [left, right] = socketpair();
  given = fds.memfd('given');
  other = fds.memfd('other');
});
afterEach(async () => {
  given.close();
  other.close();
  await destroyed(left, right);
});

it('the array given to send() may be changed afterwards; transfer closes what was given', async () => {
  fill(left);
  const wanted = identity(given.fd);
  const list = [given];
  const sent = left.send('x', list, { transfer: true });
  list[0] = other;
  list.push(other);
  const seen: string[] = [];
  right.on('fds', (frame) => {
    seen.push(...frame.fds.map(({ fd }) => identity(fd)));
    frame.close();
  });
  const reading = bytesOf(right);
  await sent;
  left.end();
  await reading;
  expect(seen).toEqual([wanted]);
  expect(given.closed).toBe(true);
  expect(other.closed).toBe(false);
});

it('a frame that fails closes what was given, whatever became of the array', async () => {
  fill(left);
  const list = [given];
  const sent = left.send('x', list, { transfer: true });
  list.length = 0;
  left.destroy();
  await expect(sent).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
  expect(given.closed).toBe(true);
});

it.each([
  ['a number', 5, /array/i],
  ['options in its place', { transfer: true }, /array/i],
  ['a string', '5', /array/i],
])('%s instead of the array of descriptors is a TypeError that names the mistake', async (_, wrong, message) => {
  const error = await left.send('x', wrong as never).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as TypeError).message).toMatch(message);
  expect(left.destroyed).toBe(false);
  await left.send('y');
  expect((await right.receive(1)).bytes.toString()).toBe('y');
});
