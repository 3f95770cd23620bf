import { type FdSocket, fds, socketpair } from '../../packages/ancillary';
import { closed, destroyed } from '../socket/sockets';
import { settled, until } from './until';

let left: FdSocket;
let right: FdSocket;
let codes: (string | undefined)[];
beforeEach(() => {
  [left, right] = socketpair();
  left.on('error', () => undefined);
  codes = [];
});
afterEach(() => destroyed(left, right));

function told(error?: Error | null): void {
  codes.push((error as NodeJS.ErrnoException | null | undefined)?.code);
}

it('a writev that fails settles all that was in it: callbacks, promises and transferred descriptors', async () => {
  const owned = fds.memfd('transferred');
  left.cork();
  left.write('1', told);
  left.write('2', told);
  const sent = left.send('3', [owned], { transfer: true });
  right.destroy();
  left.uncork();
  expect(await settled(sent)).toMatchObject({ status: 'rejected', reason: { code: 'EPIPE' } });
  await until(() => codes.length === 2);
  expect(codes).toEqual(['EPIPE', 'EPIPE']);
  expect(owned.closed).toBe(true);
  await closed(left);
});

it('a writev of writes alone that fails calls each of their callbacks', async () => {
  left.cork();
  left.write('1', told);
  left.write('2', told);
  right.destroy();
  left.uncork();
  await until(() => codes.length === 2);
  expect(codes).toEqual(['EPIPE', 'EPIPE']);
  await closed(left);
});

it('destroy() while frames wait behind corked writes settles them too', async () => {
  const owned = fds.memfd('transferred');
  left.cork();
  left.write('1', told);
  const sent = left.send('2', [owned], { transfer: true });
  left.destroy();
  expect(await settled(sent)).toMatchObject({ status: 'rejected' });
  await until(() => codes.length === 1);
  expect(owned.closed).toBe(true);
});
