import type { OwnedFd } from '../../packages/binding';
import { nativeBinding } from '../../packages/binding-native';
import { settleClosing } from '../support/descriptors';
import { type Ends, openEnds, put, Recorder } from './recorder';

/** Closes a socket and opens another that gets its number. */
function reopened(closed: Ends): Ends {
  const { fd } = closed.socket;
  closed.socket.close();
  // Its number was told to us, so a thread closes it.
  settleClosing();
  const others: Ends[] = [];
  // The lowest free number comes first, and that may be a lower one.
  for (let tries = 0; tries < 100; tries++) {
    const ends = openEnds();
    if (ends.socket.fd === fd) {
      for (const each of others) each[Symbol.dispose]();
      return ends;
    }
    others.push(ends);
  }
  throw new Error(`descriptor ${fd} did not come again`);
}

// Handles are named by the numbers of their descriptors, and the kernel gives these out again.
it('a closed socket has no hold on the next one that has its number', async () => {
  using closed = openEnds();
  using ends = reopened(closed);
  closed.socket.close();
  closed.socket.unref();
  closed.socket.allowReading(Infinity, Infinity);
  closed.socket.watchWritable();
  expect(closed.socket.fd).toBe(-1);
  expect(closed.socket.sendParts([{ bytes: Buffer.from('x'), fds: [] }])).toEqual({ accepted: 0, error: 'EBADF' });
  expect(closed.socket.shutdown()).toBe('EBADF');
  expect(closed.socket.unread()).toBe(0);
  expect(closed.socket.hungUp()).toBe(false);

  put(ends.peer, 'first');
  expect(ends.socket.unread()).toBe(5);
  await new Promise(setImmediate);
  expect(ends.recorder.text).toBe('');
  ends.socket.allowReading(Infinity, Infinity);
  await ends.recorder.until(() => ends.recorder.text === 'first');
  expect(closed.recorder.wakeUps).toEqual([]);
  expect([closed.recorder.writables, ends.recorder.writables]).toEqual([0, 0]);
});

it('one that is closed within its callback, and its number given out again there, is told nothing more', async () => {
  using closed = openEnds();
  const peers: OwnedFd[] = [];
  let next: ReturnType<typeof nativeBinding.open> | undefined;
  using recorder = new Recorder();
  const { fd } = closed.socket;
  closed.recorder.onEvent = () => {
    closed.socket.close();
    settleClosing();
    for (let tries = 0; tries < 100 && next === undefined; tries++) {
      const [first, second] = nativeBinding.socketpair();
      if (first.fd === fd) {
        next = nativeBinding.open(first, recorder);
        next.allowReading(Infinity, Infinity);
        put(second, 'for the next');
        peers.push(second);
      } else peers.push(first, second);
    }
  };
  closed.socket.watchWritable();
  closed.socket.allowReading(Infinity, Infinity);
  put(closed.peer, 'for the first');
  await recorder.until(() => recorder.text === 'for the next');
  expect(closed.recorder.text).toBe('for the first');
  expect(closed.recorder.writables).toBe(0);
  next?.close();
  for (const each of peers) each.close();
});
