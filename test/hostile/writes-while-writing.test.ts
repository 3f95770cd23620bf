import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { type FdSocket, socketpair } from '../../packages/ancillary';
import { destroyed } from '../socket/sockets';

// What a user's close() does while a Writable hands over what it had buffered.

let left: FdSocket;
let right: FdSocket;
let received: string;
beforeEach(() => {
  [left, right] = socketpair();
  received = '';
  right.on('fds', (frame) => {
    frame.close();
  });
  right.on('data', (bytes: Buffer) => (received += bytes.toString()));
});
afterEach(() => destroyed(left, right));

it.each<[string, (text: string) => unknown]>([
  ['written', (text) => left.write(text)],
  ['sent', (text) => left.send(text)],
])('what is %s from there comes behind all that was there before', async (_how, more) => {
  const fd = openSync('/dev/null', 'r');
  const source = {
    fd,
    close() {
      closeSync(fd);
      more('G');
      left.end();
    },
  };
  const ended = Promise.all([once(left, 'finish'), once(right, 'end')]);
  left.cork();
  left.write('A');
  const sent = left.send('F', [source], { transfer: true });
  left.write('B');
  left.write('C');
  left.uncork();
  await sent;
  await ended;
  expect(received).toBe('AFBCG');
});
