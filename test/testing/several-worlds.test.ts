import { lengthPrefixed } from '../../packages/codec';
import { modelSocketPair, type ModelSocketPair, ModelWorld, OwnedFd } from '../../packages/ancillary/testing';
import { framed } from '../../packages/rpc';
import type { FdSocket } from '../../packages/stream';
import { thrown } from '../native/thrown';

const kernels = ['linux', 'bsd', 'darwin'] as const;

async function end(...pairs: ModelSocketPair[]): Promise<void> {
  for (const pair of pairs) for (const socket of pair) socket.destroy();
  await Promise.all(pairs.map(({ world }) => world.idle()));
  for (const { world } of pairs) expect(world.openDescriptors()).toEqual([[], []]);
}

/** Passes every message on, in both directions. */
async function broker(client: FdSocket, worker: FdSocket): Promise<void> {
  const pass = async (from: Messages, to: Messages): Promise<void> => {
    for await (const { bytes, fds } of from) {
      await to.send({ bytes, fds });
      OwnedFd.closeAll(fds);
    }
    await to.close();
  };
  const [left, right] = [messages(client), messages(worker)];
  await Promise.all([pass(left, right), pass(right, left)]);
}

type Messages = ReturnType<typeof messages>;

function messages(socket: FdSocket) {
  return framed(socket, lengthPrefixed());
}

describe.each(kernels)('two worlds of %s', (kernel) => {
  test('a broker between them passes on each file, there and back', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const front = modelSocketPair({ seed, kernel, faults: 0.2 });
      const back = modelSocketPair({ seed: seed + 1, kernel, faults: 0.2 });
      const brokering = broker(front[1], back[0]);
      const [client, worker] = [messages(front[0]), messages(back[1])];
      const names = ['a', 'b', 'c'];
      // Files of the worker that have the numbers of the client's, if numbers were counted for each world.
      const decoys = names.map((name) => back.world.open(`not ${name}`, 0));
      const files = names.map((name) => front.world.open(name));
      const sent = client.send({ bytes: Buffer.from('three'), fds: files });
      const got: string[] = [];
      for await (const { bytes, fds } of worker) {
        got.push(bytes.toString(), ...fds.map((fd) => back.world.identity(fd)));
        using own = back.world.open('of the worker', 1);
        await worker.send({ bytes, fds: [...fds, own] });
        OwnedFd.closeAll(fds);
        own.close();
        break;
      }
      await sent;
      OwnedFd.closeAll([...files, ...decoys]);
      for await (const { bytes, fds } of client) {
        got.push(bytes.toString(), ...fds.map((fd) => front.world.identity(fd)));
        OwnedFd.closeAll(fds);
        break;
      }
      await Promise.all([client.close(), worker.close(), brokering]);
      expect(got).toEqual(['three', ...names, 'three', ...names, 'of the worker']);
      await end(front, back);
    }
  });
});

test('a descriptor of another world arrives by its number too, as one of its own world', async () => {
  const [one, other] = [modelSocketPair({ seed: 1 }), modelSocketPair({ seed: 1 })];
  using file = one.world.open('file');
  using decoy = other.world.open('decoy');
  expect(file.fd).not.toBe(decoy.fd);
  const sent = other[0].send('x', [file.fd]);
  file.close();
  using frame = await other[1].receive(1);
  await sent;
  expect(one.world.openDescriptors()[0]).toContain('file');
  expect(frame.fds.map((fd) => [one.world.identity(fd), other.world.identity(fd.fd)])).toEqual([['file', 'file']]);
  const [received] = frame.fds;
  using copy = received?.dup();
  expect(copy && one.world.identity(copy)).toBe('file');
  for (const each of [frame, copy, decoy]) each?.close();
  await end(one, other);
});

test('a socket of another world keeps its connection where it arrives', async () => {
  const [one, other] = [modelSocketPair({ seed: 1 }), modelSocketPair({ seed: 2 })];
  await other[0].send('x', [one[0]], { transfer: true });
  expect(one[0].destroyed).toBe(true);
  using frame = await other[1].receive(1);
  expect(one[1].writable).toBe(true);
  const ended = one[1].receive(1);
  frame.close();
  await expect(ended).rejects.toMatchObject({ code: 'ERR_FRAME_INCOMPLETE' });
  await end(one, other);
});

test('what waits to be sent to another world, or is never received there, is closed', async () => {
  const faults = [{ what: 'etoomanyrefs', at: 0 } as const];
  const [one, other] = [modelSocketPair({ seed: 1 }), modelSocketPair({ seed: 1, faults })];
  const sent = other[0].send('x', [one.world.open('file')], { transfer: true });
  expect(one.world.openDescriptors()[0].filter((name) => name === 'file')).toHaveLength(2);
  await sent;
  expect(one.world.openDescriptors()[0].filter((name) => name === 'file')).toHaveLength(1);
  await end(one, other);
});

test('one that is closed is EBADF, by its number', async () => {
  const [one, other] = [modelSocketPair({ seed: 1 }), modelSocketPair({ seed: 2 })];
  const file = one.world.open('file');
  const { fd } = file;
  using decoy = other.world.open('decoy');
  file.close();
  await expect(other[0].send('x', [decoy, fd])).rejects.toMatchObject({
    code: 'EBADF',
    message: `sendmsg EBADF: descriptor ${fd} is not open; nothing of the frame was sent`,
  });
  expect(thrown(() => other.world.identity(fd))).toMatchObject({ code: 'EBADF' });
  decoy.close();
  await end(one, other);
});

test('a run beside other worlds, and after them, has the same timeline', async () => {
  async function timeline(): Promise<unknown> {
    const [one, other] = [modelSocketPair({ seed: 3, faults: 0.3 }), modelSocketPair({ seed: 4, faults: 0.3 })];
    const sent = other[0].send('a file from elsewhere', [one.world.open('file')], { transfer: true });
    using frame = await other[1].receive(21);
    await sent;
    frame.close();
    await end(one, other);
    return other.world.timeline;
  }
  const first = await timeline();
  expect(JSON.stringify(first)).toContain('"descriptor 1 of another world: file"');
  const worlds = Array.from({ length: 10 }, () => modelSocketPair());
  expect(await timeline()).toEqual(first);
  await end(...worlds);
});

test('a process has no number beyond its last, whatever its limit', async () => {
  const pair = modelSocketPair({ seed: 1, fdLimit: 8192 - 253 });
  const [{ process }, { process: other }] = pair.world.bindings;
  process.setFdLimit(1_000_000);
  const fds = Array.from({ length: 8191 }, () => process.open('file'));
  expect(thrown(() => process.open('one more'))).toMatchObject({ code: 'EMFILE' });
  expect(Math.max(...fds)).toBe(other.firstFd - 1);
  for (const fd of fds) process.close(fd);
  await end(pair);
});

test('worlds of a million descriptors each are refused when all numbers are in use', () => {
  const worlds: ModelWorld[] = [];
  const refused = thrown(() => {
    while (worlds.length < 2000) worlds.push(new ModelWorld({ seed: 1, fdLimit: Number.MAX_SAFE_INTEGER }));
  });
  expect(refused).toBeInstanceOf(RangeError);
  expect(refused).toMatchObject({
    message: 'all descriptor numbers of models are in use: drop some worlds',
  });
  expect(worlds.length).toBeGreaterThan(1000);
  const first = worlds.flatMap(({ bindings }) => bindings.map(({ process }) => process.firstFd));
  expect(new Set(first).size).toBe(2 * worlds.length);
});
