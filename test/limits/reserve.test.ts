import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DiagnosticMessages, fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { addon } from '../../packages/binding-native';
import type { FdFrame, FrameDecoder } from '../../packages/stream';
import { start } from '../support/children';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { identity } from '../support/descriptors';
import { closed } from '../support/peer';
import { plainJavaScript } from '../support/plain-javascript';
import { until } from '../hostile/until';

// An honest peer's frame must not be what the kernel truncates because others used up the numbers.

/** Far more numbers than a process must have for some to be held back. */
const SLOTS = 800;
/** Fewer than the eighth that is held back. */
const LEFT = 20;
const TURNS = 300;

/** Frames of so many bytes. */
function fixed(length: number): FrameDecoder<FdFrame> {
  return { measure: () => ({ length, fds: 'attached' }), decode: (frame) => frame };
}

/** Uses up the numbers but for LEFT, as someone else would. */
function fill(memory: OwnedFd): OwnedFd[] {
  return Array.from({ length: SLOTS - LEFT }, () => memory.dup());
}

test.each(['frames', 'receive', 'bytes'] as const)(
  'a frame with descriptors waits until there are numbers for it, and is whole then (%s)',
  async (way) => {
    using memory = fds.memfd('sent');
    const [left, right] = socketpair();
    let arrived: FdFrame | undefined;
    const take = (frame: FdFrame): void => {
      arrived = frame;
    };
    const count = 2 * LEFT;
    await withDescriptorLimit(SLOTS, async () => {
      const hoard = fill(memory);
      if (way === 'frames') right.forEachFrame(take, fixed(count)).catch(() => undefined);
      else if (way === 'receive') right.receive(count).then(take, () => undefined);
      else right.on('fds', take).resume();
      await left.send(
        Buffer.alloc(count),
        Array.from({ length: count }, () => memory),
      );
      for (let turn = 0; turn < TURNS; turn++) await nextTurn();
      expect([arrived, right.destroyed]).toEqual([undefined, false]);
      OwnedFd.closeAll(hoard);
      await until(() => arrived !== undefined);
    });
    expect(arrived?.fds.map(({ fd }) => identity(fd))).toEqual(
      Array.from({ length: count }, () => identity(memory.fd)),
    );
    arrived?.close();
    await closed(left, right);
  },
);

test('that a socket waits for numbers is published once for each wait, however often it is tried again', async () => {
  using memory = fds.memfd('sent');
  const [left, right] = socketpair();
  let waits = 0;
  const listener = (message: unknown): void => {
    const { socket, reason } = message as DiagnosticMessages['ancillary:socket:wait'];
    if (socket === right && reason === 'numbers') waits++;
  };
  const watched = jest.spyOn(addon, 'resumeReading');
  subscribe('ancillary:socket:wait', listener);
  const timesTried = (): number => watched.mock.calls.length;
  await withDescriptorLimit(SLOTS, async () => {
    for (const wait of [1, 2]) {
      const hoard = fill(memory);
      const frame = right.receive(1);
      await left.send('x', [memory]);
      const before = timesTried();
      await until(() => timesTried() > before + 3);
      expect(waits).toBe(wait);
      OwnedFd.closeAll(hoard);
      (await frame).close();
    }
  });
  unsubscribe('ancillary:socket:wait', listener);
  watched.mockRestore();
  await closed(left, right);
});

test('bytes without descriptors go on', async () => {
  using memory = fds.memfd('x');
  const [left, right] = socketpair();
  await withDescriptorLimit(SLOTS, async () => {
    const hoard = fill(memory);
    await left.send('plain');
    const frame = await right.receive(5);
    expect(Buffer.from(frame.bytes).toString()).toBe('plain');
    OwnedFd.closeAll(hoard);
  });
  await closed(left, right);
});

test('it is said once', async () => {
  const program = `
    const { fds, OwnedFd, socketpair } = require(${JSON.stringify(plainJavaScript())});
    const warnings = [];
    process.on('warning', ({ code }) => warnings.push(code));
    const memory = fds.memfd('x');
    const pairs = [socketpair(), socketpair()];
    const hoard = [];
    try {
      for (;;) hoard.push(memory.dup());
    } catch {}
    OwnedFd.closeAll(hoard.splice(0, 30));
    (async () => {
      const received = pairs.map(([left, right]) => (left.send('x', [memory]), right.receive(1)));
      for (let turn = 0; turn < 100_000 && warnings.length === 0; turn++) await new Promise(setImmediate);
      OwnedFd.closeAll(hoard);
      for (const frame of await Promise.all(received)) console.log(frame.fds.length);
      console.log(warnings.join());
      process.exit();
    })();`;
  const child = start('sh', ['-c', 'ulimit -n 700 && exec "$0" -e "$1"', process.execPath, program]);
  expect((await child.succeeded()).stdout).toBe('1\n1\nANCILLARY_FEW_DESCRIPTORS\n');
});
