import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Faults, modelSocketPair, type ModelSocketPair } from '../../packages/ancillary/testing';
import { converse } from './conversation';

const kernels = ['linux', 'bsd', 'darwin'] as const;
const everything: Faults = {
  rate: 0.04,
  what: ['short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs', 'emfile', 'reset', 'eof'],
};

describe.each(kernels)('on %s', (kernel) => {
  test('nothing is left open under faults of every kind', async () => {
    let failed = 0;
    for (let seed = 0; seed < 150; seed++) {
      const { pair, log } = await converse({ seed, kernel, faults: everything });
      expect({ seed, open: pair.world.openDescriptors() }).toEqual({ seed, open: [[], []] });
      if (log.some((line) => /ERR_|ECONNRESET|EPIPE/.test(line))) failed++;
    }
    // Both ways of ending were met.
    expect(failed).toBeGreaterThan(20);
    expect(failed).toBeLessThan(140);
  });

  test('nothing is left open whenever the sockets are destroyed', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const pair = modelSocketPair({ seed, kernel, faults: 0.2, sndbuf: 4608 });
      flood(pair);
      for (let turn = 0; turn < seed; turn++) await nextTurn();
      for (const socket of pair) socket.destroy();
      await pair.world.idle();
      expect({ seed, open: pair.world.openDescriptors() }).toEqual({ seed, open: [[], []] });
    }
  });
});

test.each(['bsd', 'darwin'] as const)('on %s, descriptors that come without a byte are nobody’s', async (kernel) => {
  const pair = modelSocketPair({ seed: 1, kernel });
  const [{ fd }, other] = pair;
  using file = pair.world.open('file');
  pair.world.bindings[0].process.sendmsg(fd, { bytes: new Uint8Array(0), fds: [[file.fd]] });
  other.resume();
  await once(other, 'end');
  file.close();
  for (const socket of pair) socket.destroy();
  await pair.world.idle();
  expect(pair.world.openDescriptors()).toEqual([[], []]);
});

/** More than the buffer holds, in both directions, half of which nobody takes. */
function flood(pair: ModelSocketPair): void {
  pair.forEach((socket, place) => {
    for (let frame = 0; frame < 20; frame++) {
      const files = Array.from({ length: frame % 5 }, () => pair.world.open(`file ${frame}`, place === 0 ? 0 : 1));
      socket.send(Buffer.alloc(500 + frame), files, { transfer: true }).catch(() => undefined);
    }
    void (async () => {
      for await (const frame of socket.frames()) {
        frame.close();
        if (frame.range.start > 3000) break;
      }
    })();
  });
}
