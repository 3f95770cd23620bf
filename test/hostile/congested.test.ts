import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { settleClosing } from '../support/descriptors';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { closed } from '../support/peer';
import { slowPeer } from '../support/slow-descriptors';
import { until } from './until';

// A peer whose descriptors take as long to close as it likes, and that goes on sending: each that waits to be closed keeps
// its number, so it could use up all there are.

const SLOTS = 400;
const SENT = 300;
/** An eighth of the numbers may wait, and one read may bring more. */
const MOST = 200;
const TURNS = 1000;

it.each(['frames', 'bytes'] as const)(
  'a socket whose descriptors cannot be closed is not read meanwhile (%s)',
  async (way) => {
    await using peer = await slowPeer();
    const [left, right] = socketpair();
    using memory = fds.memfd('sent');
    const slow = (await peer.socket.receive(1)).fds;
    await left.send('x', slow);
    OwnedFd.closeAll(slow);
    settleClosing();
    await withDescriptorLimit(SLOTS, async () => {
      const first = await right.receive(1);
      const numbers = first.fds.map(({ fd }) => fd);
      first.close();
      // A thread has come to it when its number is free (docs/kernel.md 44).
      while (numbers.some((fd) => fs.existsSync(`/proc/self/fd/${fd}`))) await nextTurn();
      for (let count = 0; count < SENT; count++) left.send('x', [memory]).catch(() => undefined);
      if (way === 'frames') right.forEachFrame((frame) => frame.close()).catch(() => undefined);
      else right.on('fds', (frame) => frame.close()).resume();
      await until(() => right.stats.fdsReceived > 32);
      for (let turn = 0; turn < TURNS; turn++) await nextTurn();
      expect(right.stats.fdsReceived).toBeLessThan(MOST);
      peer.child.kill();
      await until(() => right.stats.fdsReceived === SENT + 1);
    });
    expect(right.destroyed).toBe(false);
    await closed(left, right);
  },
);
