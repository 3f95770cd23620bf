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

it.each([
  ['is longer than it says first', () => growing([given], 300)],
  ['has an iterator of its own', () => Object.defineProperty([given], Symbol.iterator, { value: repeated })],
])('a list of descriptors that %s is sent whole', async (_, list) => {
  await destroyed(left, right);
  [left, right] = socketpair({ maxFdsPerFrame: 300 });
  await left.send('xy', list());
  const frame = await right.receive(2);
  expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(Array(300).fill(identity(given.fd)));
  frame.close();
});

function* repeated(this: readonly OwnedFd[]): Generator<OwnedFd | undefined> {
  for (let count = 0; count < 300; count++) yield this[0];
}

/** Says at first that it has one. */
function growing(list: OwnedFd[], count: number): OwnedFd[] {
  return new Proxy(list, {
    get(target, name) {
      if (name === Symbol.iterator) while (target.length < count) target.push(given);
      return Reflect.get(target, name, target) as unknown;
    },
  });
}
