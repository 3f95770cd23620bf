import { once } from 'node:events';
import { socketpair } from '../../packages/ancillary';
import { closed } from './sockets';

it('a write to a socket that has ended because its peer is gone fails in its callback alone, and the socket closes', async () => {
  const [left, right] = socketpair();
  const errors: unknown[] = [];
  left.on('error', (error) => errors.push(error));
  right.destroy();
  left.resume();
  await new Promise<void>((resolve) => {
    left.once('finish', () => {
      expect([left.writableEnded, left.destroyed]).toEqual([true, false]);
      left.write('late', (error) => {
        expect(error).toMatchObject({ code: 'EPIPE', syscall: 'sendmsg' });
        resolve();
      });
      left.write('later still');
    });
  });
  if (!left.closed) await once(left, 'close');
  await closed(left, right);
  expect(errors).toEqual([]);
});
