import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, fds, type FdSocketOptions, raw, socketpair } from '../../../packages/ancillary';
import { modelSocketPair } from '../../../packages/ancillary/testing';
import { failSendingAlone } from '../../../packages/stream';
import { openDescriptors } from '../../support/descriptors';
import { destroyed, fill } from '../../socket/sockets';
import { clockedPair, SteppedClock } from './stepped-clock';

const OVER = 9;
/** So that something waits whatever is read. */
const MORE = Buffer.alloc(512 * 1024);

let left: FdSocket;
let right: FdSocket;

afterEach(() => destroyed(left, right));

describe('of real time', () => {
  function pair(options?: FdSocketOptions): void {
    [left, right] = socketpair(options);
    left.on('error', () => undefined);
  }

  it('fails all that waits, and destroys the socket, where the peer does not read', async () => {
    pair({ sendTimeout: 10 });
    const file = fds.memfd('file');
    const before = openDescriptors().size;
    const errors: unknown[] = [];
    left.on('error', (error) => errors.push(error));
    fill(left);
    const sent = left.send('x', [file]);
    const written = new Promise((resolve) => left.writeFds('y', [file], {}, resolve));
    const failure = {
      code: 'ERR_SEND_TIMEOUT',
      message: /^nothing could be sent for 10 ms .*: the peer does not read; /,
    };
    await expect(sent).rejects.toMatchObject(failure);
    await expect(written).resolves.toMatchObject(failure);
    expect(left.destroyed).toBe(true);
    if (!left.closed) await once(left, 'close');
    expect(errors).toMatchObject([failure]);
    // The copies of what waited are closed, and the socket.
    expect(openDescriptors().size).toBe(before - 1);
    file.close();
  });

  it('holds after end(), while something has yet to leave', async () => {
    pair({ sendTimeout: 10 });
    fill(left);
    left.end();
    expect(await once(left, 'error')).toMatchObject([{ code: 'ERR_SEND_TIMEOUT' }]);
  });

  it('ends a sending side that ends alone for good, also once there is room', async () => {
    pair({ sendTimeout: 10 });
    const filled = raw.sendMessage(left, MORE);
    const sent = left.send('x');
    const told = new Promise((resolve) => left[failSendingAlone](resolve));
    await expect(sent).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
    await told;
    await right.receive(filled);
    // The kernel tells that there is room.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    await expect(left.send('y')).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
    await expect(left.send('z', [0])).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
  });
});

describe('of a clock', () => {
  let clock: SteppedClock;

  function pair(options?: FdSocketOptions): void {
    clock = new SteppedClock();
    [left, right] = clockedPair(clock, options);
    left.on('error', () => undefined);
  }

  it('is none without the option, and none where all has left', async () => {
    pair();
    fill(left);
    expect(clock.running).toEqual([]);
    await destroyed(left, right);
    pair({ sendTimeout: 80 });
    await left.send('x');
    expect(clock.running).toEqual([]);
  });

  it('begins anew with whatever the peer lets be sent', async () => {
    pair({ sendTimeout: 80 });
    fill(left);
    expect(clock.running).toEqual([10]);
    const buffer = Buffer.alloc(256 * 1024);
    for (let count = 0; count < 5; count++) {
      clock.tick(OVER - 1);
      const before = left.stats.bytesWritten;
      left.write(MORE);
      while (left.stats.bytesWritten === before && !left.destroyed) {
        try {
          raw.receiveMessage(right, buffer).fds.forEach((fd) => fd.close());
        } catch {
          // Read as far as there is something.
        }
        await nextTurn();
      }
      expect(left.destroyed).toBe(false);
    }
    clock.tick(OVER + 1);
    expect(left.errored).toMatchObject({ code: 'ERR_SEND_TIMEOUT' });
  });

  it('has no timer any more when the socket is destroyed, or all has left', async () => {
    pair({ sendTimeout: 80 });
    fill(left);
    left.end();
    right.resume();
    await once(left, 'finish');
    clock.tick();
    expect(clock.running).toEqual([]);
    await destroyed(left, right);
    pair({ sendTimeout: 80 });
    fill(left);
    left.destroy();
    expect(clock.running).toEqual([]);
  });
});

it('is over in a model, too, also where too many descriptors are in flight', async () => {
  const pair = modelSocketPair({ seed: 1, inFlightLimit: 2, socket: { sendTimeout: 1000 } });
  [left, right] = pair;
  const file = pair.world.open('file');
  const sends = [1, 2, 3, 4, 5].map(() => left.send('x', [file]));
  file.close();
  const settled = await Promise.allSettled(sends);
  expect(settled.at(-1)).toMatchObject({
    reason: { code: 'ERR_SEND_TIMEOUT', message: /ETOOMANYREFS: too much is in flight; 2 frames that waited/ },
  });
});
