import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { type Fault, modelSocketPair, type ModelSocketPair } from '../../packages/ancillary/testing';
import { openDescriptors } from '../support/descriptors';
import { Files, identitiesOf } from '../support/files';

const kernels = ['linux', 'bsd', 'darwin'] as const;

async function end(pair: ModelSocketPair): Promise<void> {
  for (const socket of pair) socket.destroy();
  await pair.world.idle();
  expect(pair.world.openDescriptors()).toEqual([[], []]);
}

describe.each(kernels)('on the model of %s', (kernel) => {
  test('real descriptors arrive as real ones, of the same files, and in the sender’s order', async () => {
    using files = new Files(3, 'shared');
    for (let seed = 0; seed < 20; seed++) {
      const pair = modelSocketPair({ seed, kernel, faults: 0.2 });
      const [a, b] = pair;
      const sent = a.send('three', files.owned);
      using frame = await b.receive(5);
      await sent;
      expect(identitiesOf(frame.fds)).toEqual(files.identities);
      expect(frame.fds.map(({ fd }) => files.numbers.includes(fd))).toEqual([false, false, false]);
      expect(frame.fds.map(({ fd }) => readFileSync(`/proc/self/fd/${fd}`, 'utf8'))).toEqual(
        files.owned.map(() => 'shared'),
      );
      await end(pair);
    }
  });

  test('real ones and those of the model go together', async () => {
    using files = new Files(1);
    const pair = modelSocketPair({ seed: 1, kernel });
    const [a, b] = pair;
    using ofModel = pair.world.open('of the model');
    await a.send('x', [ofModel, ...files.owned, ofModel]);
    using frame = await b.receive(1);
    const [first, second, third] = frame.fds;
    expect([first, third].map((fd) => fd && pair.world.identity(fd))).toEqual(['of the model', 'of the model']);
    expect(second && identitiesOf([second])).toEqual(files.identities);
    frame.close();
    ofModel.close();
    await end(pair);
  });

  test('real ones that nobody receives are closed', async () => {
    const before = openDescriptors();
    using files = new Files(2);
    for (const lost of ['destroyed', 'emfile', 'eof'] as const) {
      const faults: Fault[] = lost === 'destroyed' ? [] : [{ what: lost, at: 0 }];
      const pair = modelSocketPair({ seed: 1, kernel, faults });
      const [a, b] = pair;
      await a.send('x', files.owned);
      if (lost === 'emfile') await expect(b.receive(1)).rejects.toMatchObject({ code: 'ERR_FD_TRUNCATED' });
      if (lost === 'eof') await expect(b.receive(1)).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
      await end(pair);
    }
    OwnedFd.closeAll(files.owned);
    expect([...openDescriptors()]).toEqual([...before]);
  });

  test('they wait for their turn as duplicates, so that the lent ones may be closed', async () => {
    for (const what of ['etoomanyrefs', 'eagain'] as const) {
      const pair = modelSocketPair({ seed: 1, kernel, faults: [{ what, at: 0, call: 'sendmsg' }] });
      const [a, b] = pair;
      const files = new Files(2);
      const sent = a.send('x', files.owned);
      OwnedFd.closeAll(files.owned);
      using frame = await b.receive(1);
      await sent;
      expect(identitiesOf(frame.fds)).toEqual(files.identities);
      expect(pair.world.faultsLeft).toEqual([]);
      frame.close();
      await end(pair);
    }
  });

  test('with transfer they are closed, by their own method', async () => {
    const pair = modelSocketPair({ seed: 1, kernel });
    const [a, b] = pair;
    const handle = await open('/dev/null');
    const memory = fds.memfd('transferred');
    const identities = identitiesOf([memory]);
    await a.send('x', [memory, handle], { transfer: true });
    expect([memory.closed, handle.fd]).toEqual([true, -1]);
    using frame = await b.receive(1);
    expect(frame.fds[0] && identitiesOf([frame.fds[0]])).toEqual(identities);
    frame.close();
    await end(pair);
  });

  test('one that is not open fails its own frame with EBADF', async () => {
    const pair = modelSocketPair({ seed: 1, kernel });
    const [a, b] = pair;
    using files = new Files(1);
    const closed = fds.memfd('closed');
    const { fd } = closed;
    closed.close();
    await expect(a.send('x', [...files.owned, fd])).rejects.toMatchObject({
      code: 'EBADF',
      message: `sendmsg EBADF: descriptor ${fd} is not open; nothing of the frame was sent`,
    });
    await a.send('y', files.owned);
    using frame = await b.receive(1);
    expect([frame.bytes.toString(), identitiesOf(frame.fds)]).toEqual(['y', files.identities]);
    frame.close();
    await end(pair);
  });
});

test('a real socket can be sent over a model, and used at the other end', async () => {
  const pair = modelSocketPair({ seed: 1 });
  const [a, b] = pair;
  const [left, right] = socketpair();
  await a.send('x', [right]);
  right.destroy();
  using frame = await b.receive(1);
  const arrived = fds.toSocket(frame.fds[0]?.take() ?? -1);
  left.end('through the real kernel');
  let text = '';
  for await (const chunk of arrived) text += String(chunk);
  expect(text).toBe('through the real kernel');
  left.destroy();
  await end(pair);
});

test('what is busy is refused as over the real kernel, and stays as it was', async () => {
  const pair = modelSocketPair({ seed: 1 });
  const other = modelSocketPair({ seed: 2 });
  const real = socketpair();
  const [a] = pair;
  // Both hold a byte that was read and not taken.
  for (const [left, right] of [real, other]) {
    left.write('ab');
    const frame = await right.receive(1);
    frame.close();
    right.read(1);
    right.read(0);
    await once(right, 'readable');
  }
  for (const [, right] of [real, other]) {
    await expect(a.send('x', [right], { transfer: true })).rejects.toMatchObject({ code: 'ERR_FD_BUSY' });
    expect(right.destroyed).toBe(false);
  }
  for (const socket of [...real, ...other]) socket.destroy();
  await end(pair);
});

test('the same seed gives the same timeline with real descriptors too', async () => {
  async function timeline(): Promise<unknown> {
    const pair = modelSocketPair({ seed: 3, faults: 0.3 });
    const [a, b] = pair;
    using files = new Files(2);
    const [left, right] = fds.pipe();
    const sent = a.send('pipe and files', [left, ...files.owned]);
    using frame = await b.receive(14);
    await sent;
    frame.close();
    for (const fd of [left, right]) fd.close();
    await end(pair);
    return pair.world.timeline;
  }
  const first = await timeline();
  expect(JSON.stringify(first)).toContain('real descriptor 1: pipe"');
  expect(await timeline()).toEqual(first);
});
