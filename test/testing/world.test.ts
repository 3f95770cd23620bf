import { AncillaryError, modelSocketPair, type ModelSocketPair, OwnedFd } from '../../packages/ancillary/testing';
import { thrown } from '../native/thrown';

const kernels = ['linux', 'bsd', 'darwin'] as const;

async function end(pair: ModelSocketPair): Promise<void> {
  for (const socket of pair) socket.destroy();
  await pair.world.idle();
  expect(pair.world.openDescriptors()).toEqual([[], []]);
}

describe('files of the model', () => {
  test('identity() tells what a descriptor of either process refers to, by number or by owner', async () => {
    const pair = modelSocketPair({ seed: 1 });
    const [a, b] = pair;
    using file = pair.world.open('file');
    using theirs = pair.world.open('theirs', 1);
    using copy = file.dup();
    await a.send('x', [file]);
    using frame = await b.receive(1);
    const [received] = frame.fds;
    expect([file, copy.fd, received, theirs].map((fd) => fd && pair.world.identity(fd))).toEqual([
      'file',
      'file',
      'file',
      'theirs',
    ]);
    expect(pair.world.openDescriptors().map((open) => open.filter((name) => !name.startsWith('socket')))).toEqual([
      ['file', 'file'],
      ['theirs', 'file'],
    ]);
    for (const each of [file, theirs, copy, frame]) each.close();
    await end(pair);
  });

  test('identity() of what is not open, or not of the model, is EBADF', async () => {
    const pair = modelSocketPair({ seed: 1 });
    const file = pair.world.open('file');
    const { fd } = file;
    file.close();
    for (const each of [fd, file, 0, -1])
      expect(thrown(() => pair.world.identity(each))).toMatchObject({ code: 'EBADF' });
    await end(pair);
  });

  test('a descriptor of one process is not open in the other, and its frame fails', async () => {
    const pair = modelSocketPair({ seed: 1 });
    const [a, b] = pair;
    using file = pair.world.open('file', 0);
    await expect(b.send('x', [file])).rejects.toMatchObject({ code: 'EBADF' });
    await a.send('x', [file]);
    file.close();
    await end(pair);
  });

  test('one with two owners is ERR_FD_BUSY, one without bytes ERR_FD_WITHOUT_BYTES, a closed one ERR_FD_CLOSED', async () => {
    const pair = modelSocketPair({ seed: 1 });
    const [a] = pair;
    using file = pair.world.open('file');
    expect(thrown(() => pair.world.bindings[0].descriptors.own(file.fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
    await expect(a.send('', [file])).rejects.toMatchObject({ code: 'ERR_FD_WITHOUT_BYTES' });
    file.close();
    await expect(a.send('x', [file])).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
    expect(thrown(() => file.take())).toBeInstanceOf(AncillaryError);
    await end(pair);
  });

  test('a socket of the model can be sent over itself, and closes with the last descriptor', async () => {
    const pair = modelSocketPair({ seed: 1 });
    const [a, b] = pair;
    await a.send('x', [a]);
    a.destroy();
    using frame = await b.receive(1);
    const [copy] = frame.fds;
    expect(copy && pair.world.identity(copy)).toMatch(/^socket/);
    expect(b.writable).toBe(true);
    frame.close();
    const ended = b.receive(1);
    await expect(ended).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
    await end(pair);
  });
});

describe.each(kernels)('the limits of the model of %s', (kernel) => {
  test('descriptors in flight beyond inFlightLimit wait on the model’s clock until some are received', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const pair = modelSocketPair({ seed, kernel, inFlightLimit: 0 });
      const [a, b] = pair;
      const sent = ['x', 'y', 'z'].map((text) => a.send(text, [pair.world.open(text)], { transfer: true }));
      for (const text of ['x', 'y', 'z']) {
        using frame = await b.receive(1);
        expect([frame.bytes.toString(), ...frame.fds.map((fd) => pair.world.identity(fd))]).toEqual([text, text]);
        frame.close();
      }
      await Promise.all(sent);
      expect(pair.world.now).toBeGreaterThan(0);
      await end(pair);
    }
  });

  test('a full descriptor table truncates what arrives', async () => {
    const pair = modelSocketPair({ seed: 1, kernel, fdLimit: 4, socket: { onTruncated: 'mark' } });
    const [a, b] = pair;
    // With the socket itself, one number is free at the other end.
    const held = ['h', 'i'].map((name) => pair.world.open(name, 1));
    const files = ['x', 'y'].map((name) => pair.world.open(name));
    await a.send('ab', files, { transfer: true });
    using frame = await b.receive(2);
    expect([frame.truncated, frame.fds.map((fd) => pair.world.identity(fd))]).toEqual([
      true,
      kernel === 'linux' ? ['x'] : [],
    ]);
    frame.close();
    OwnedFd.closeAll(held);
    await end(pair);
  });

  test('a full buffer makes frames wait, and all arrive', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const pair = modelSocketPair({ seed, kernel, sndbuf: 4608 });
      const [a, b] = pair;
      const sent = a.send(Buffer.alloc(100_000, 'x'), [pair.world.open('large')], { transfer: true });
      using frame = await b.receive(100_000);
      await sent;
      expect(frame.fds.map((fd) => pair.world.identity(fd))).toEqual(['large']);
      frame.close();
      await end(pair);
    }
  });
});

describe('idle()', () => {
  test('resolves once all that can come has come', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const pair = modelSocketPair({ seed, faults: 0.5 });
      const [a, b] = pair;
      const chunks: string[] = [];
      b.on('data', (chunk) => chunks.push(String(chunk)));
      for (let index = 0; index < 5; index++) a.write('0123456789');
      await pair.world.idle();
      expect(chunks.join('')).toBe('0123456789'.repeat(5));
      await end(pair);
    }
  });

  test('tells a protocol that waits for ever from one that is slow', async () => {
    const pair = modelSocketPair({ seed: 1, faults: [{ what: 'etoomanyrefs', at: 0 }] });
    const [a, b] = pair;
    const answer = b.receive(10);
    await a.send('too short', [pair.world.open('file')], { transfer: true });
    const stuck = pair.world.idle().then(() => 'stuck');
    expect(await Promise.race([answer, stuck])).toBe('stuck');
    a.destroy();
    await expect(answer).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
    await end(pair);
  });

  test('of a world in which nothing happened resolves too, each time', async () => {
    const pair = modelSocketPair();
    await Promise.all([pair.world.idle(), pair.world.idle()]);
    await pair.world.idle();
    await end(pair);
  });
});

test('fake timers of a test do not stop the model', async () => {
  jest.useFakeTimers();
  try {
    const pair = modelSocketPair({ seed: 1, faults: [{ what: 'etoomanyrefs', at: 0 }] });
    const [a, b] = pair;
    const sent = a.send('x', [pair.world.open('file')], { transfer: true });
    using frame = await b.receive(1);
    await sent;
    frame.close();
    await end(pair);
  } finally {
    jest.useRealTimers();
  }
});
