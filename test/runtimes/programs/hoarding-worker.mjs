import { parentPort } from 'node:worker_threads';
import { fds, socketpair } from 'ancillary';

// Sockets that wait for something, frames that nobody took, and descriptors that nobody closed.
for (let count = 0; count < 20; count++) {
  const [a, b] = socketpair();
  b.resume();
  void a.receive(1);
  const memory = fds.memfd('hoarded', Buffer.from('x'));
  void b.send('abc', [memory]);
}
parentPort?.postMessage('full');
