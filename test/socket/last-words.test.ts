import { fstatSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdFrame, type FdSocket, fds, raw } from '../../packages/ancillary';
import { delimited, lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { RealProcess } from '../kernel-calls/real-process';
import { withBarePeer } from '../support/bare-peer';
import { destroyed } from './sockets';

// A peer says why it hangs up, and hangs up: who sends something then learns of it by EPIPE, and whoever reads has yet to read
// the reason. net delivers what came, and only then fails.

const LINES = ['you sent rubbish', 'so I leave', 'good bye'];
const EPIPE = { code: 'EPIPE', syscall: 'sendmsg' };

const codec = delimited({ fds: 'attached' });

interface World {
  readonly socket: FdSocket;
  /** Sends the last words, the last with a descriptor, and closes, before anything of it can be read. */
  readonly hangUp: () => void;
  /** What was read: lines, and then what reading failed with. */
  readonly said: unknown[];
  readonly errors: unknown[];
  readonly take: (frame: Pick<FdFrame, 'bytes' | 'fds'>) => void;
}

async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const { socket, peer } = withBarePeer();
  const file = fds.memfd('last words', 1);
  const { ino } = fstatSync(file.fd);
  const said: unknown[] = [];
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  try {
    await test({
      socket,
      said,
      errors,
      hangUp: () => {
        for (const line of LINES) raw.sendMessage(peer, Buffer.from(`${line}\n`), line === LINES.at(-1) ? [file] : []);
        peer.close();
      },
      take: ({ bytes, fds: received }) => {
        said.push(Buffer.from(bytes).toString().trimEnd());
        for (const fd of received) said.push(fstatSync(fd.fd).ino === ino ? 'its descriptor' : 'another descriptor');
        for (const fd of received) fd.close();
      },
    });
    await close(socket);
  } finally {
    file.close();
    await destroyed(socket);
    peer.close();
  }
}

/** 'close' alone: who waits by once() listens to 'error', too. */
async function close(socket: FdSocket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  // `closed` is true a moment before 'close' is emitted.
  await nextTurn();
}

const ALL = [...LINES, 'its descriptor'];

async function readFrames({ socket, take, said }: World): Promise<void> {
  try {
    for await (const frame of socket.frames(codec)) take(frame);
    said.push('the end');
  } catch (error) {
    said.push(error);
  }
}

/** Reading in this way, begun before the peer hangs up; resolves at its end. */
const WAYS: Record<string, (world: World) => Promise<void>> = {
  'for await of frames()': readFrames,
  'forEachFrame()': async ({ socket, take, said }) => {
    await socket.forEachFrame(take, codec).catch((error: unknown) => said.push(error));
  },
  'framed()': async ({ socket, take, said }) => {
    try {
      for await (const message of framed(socket, codec)) take(message);
    } catch (error) {
      said.push(error);
    }
  },
  'receive() again and again': async ({ socket, take, said }) => {
    try {
      for (let count = 0; count < 10; count++) take(await socket.receive(`${LINES[count] ?? ''}\n`.length));
    } catch (error) {
      said.push(error);
    }
  },
};

it.each(Object.entries(WAYS))(
  '%s reads what the peer said before a send() failed, and then fails',
  async (_name, read) => {
    await inWorld(async (world) => {
      const reading = read(world);
      world.hangUp();
      await expect(world.socket.send('next\n')).rejects.toMatchObject(EPIPE);
      await reading;
      await close(world.socket);
      expect(world.said).toEqual([...ALL, expect.objectContaining(EPIPE)]);
      expect(world.errors).toEqual([expect.objectContaining(EPIPE)]);
    });
  },
);

it(`so do listeners of 'data' and 'fds'`, async () => {
  await inWorld(async ({ socket, hangUp, take, said, errors }) => {
    let text = '';
    socket.on('fds', take);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    hangUp();
    await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
    await close(socket);
    expect(text).toBe(LINES.map((line) => `${line}\n`).join(''));
    expect(said.at(-1)).toBe('its descriptor');
    expect(errors).toEqual([expect.objectContaining(EPIPE)]);
  });
});

it('so does onread', async () => {
  let text = '';
  const { socket, peer } = withBarePeer({
    onread: {
      buffer: Buffer.alloc(8),
      callback: (length, buffer) => void (text += buffer.toString('latin1', 0, length)),
    },
  });
  raw.sendMessage(peer, Buffer.from('you sent rubbish'));
  peer.close();
  await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
  await close(socket);
  expect(text).toBe('you sent rubbish');
});

it('every later send() fails alike', async () => {
  await inWorld(async (world) => {
    const reading = readFrames(world);
    const { socket } = world;
    await socket.send('never read');
    world.hangUp();
    const sent = [socket.send('next', [0]), socket.send('later'), socket.send('later still', [0])];
    for (const each of sent) await expect(each).rejects.toMatchObject(EPIPE);
    await reading;
    // The peer left what it had not read, which would be ECONNRESET; but there is one reason.
    expect(world.said).toEqual([...ALL, expect.objectContaining(EPIPE)]);
  });
});

it(`an acknowledged message that nobody awaits fails with it, which 'error' tells`, async () => {
  const { socket, peer } = withBarePeer();
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  const connection = framed(socket, lengthPrefixed({ acknowledge: true }));
  const said: string[] = [];
  const reading = (async () => {
    for await (const { bytes } of connection) said.push(bytes.toString());
  })();
  // The peer's greeting is like ours.
  const greeting = Buffer.alloc(100);
  const { bytesRead } = raw.receiveMessage(peer, greeting);
  const { bytes } = lengthPrefixed().encode({ bytes: Buffer.from('you sent rubbish'), fds: [] });
  raw.sendMessage(peer, Buffer.concat([greeting.subarray(0, bytesRead), bytes]));
  peer.close();
  void connection.send({ bytes: Buffer.from('next') });
  await expect(reading).rejects.toMatchObject(EPIPE);
  await close(socket);
  expect({ said, errors }).toEqual({ said: ['you sent rubbish'], errors: [expect.objectContaining(EPIPE)] });
});

it('a slow reader gets all of it, and the socket stays until then', async () => {
  await inWorld(async ({ socket, hangUp, take, said }) => {
    const frames = socket.frames(codec);
    const first = frames.next();
    hangUp();
    await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
    for (
      let result = await first;
      result.done !== true;
      result = await frames.next().catch((error: unknown) => {
        said.push(error);
        return { done: true as const, value: undefined };
      })
    ) {
      take(result.value);
      expect(socket.destroyed).toBe(false);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    }
    expect(said).toEqual([...ALL, expect.objectContaining(EPIPE)]);
  });
});

it('where nobody reads, or the reader leaves, the socket is destroyed at once', async () => {
  for (const leave of [false, true]) {
    await inWorld(async ({ socket, hangUp, take, errors }) => {
      const frames = socket.frames(codec);
      const first = leave ? frames.next() : undefined;
      hangUp();
      await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
      expect(socket.destroyed).toBe(!leave);
      const result = await first;
      if (result?.done === false) take(result.value);
      await frames.return?.();
      await close(socket);
      expect(errors).toEqual([expect.objectContaining(EPIPE)]);
    });
  }
});

it(`where somebody writes, who is told by the Writable alone, it is destroyed at once, as by net`, async () => {
  for (const before of [false, true]) {
    await inWorld(async (world) => {
      const { socket, hangUp, said } = world;
      const reading = readFrames(world);
      hangUp();
      if (!before) await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
      const told = new Promise((resolve) => socket.write('next\n', resolve));
      expect(await told).toMatchObject(EPIPE);
      await reading;
      expect(said.at(-1)).toMatchObject(EPIPE);
      expect(said).not.toContain('the end');
    });
  }
});

it('a peer that only reads no more, and may send for ever, does not keep the socket', async () => {
  const { socket, peer } = withBarePeer();
  const first = socket.frames(codec).next();
  raw.sendMessage(peer, Buffer.from('one\ntwo\n'));
  new RealProcess().shutdown(peer.fd, 'SHUT_RD');
  await expect(socket.send('next\n')).rejects.toMatchObject(EPIPE);
  expect(socket.destroyed).toBe(true);
  await expect(first).rejects.toMatchObject(EPIPE);
  peer.close();
  await close(socket);
});
