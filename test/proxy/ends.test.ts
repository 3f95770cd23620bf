import { type FdSocket, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { forward, ForwardError } from '../../packages/ancillary/proxy';
import { lengthPrefixed } from '../../packages/codec';
import { settled, until } from '../hostile/until';
import { bytesOf, closed, destroyed } from '../socket/sockets';
import { withBarePeer } from '../support/bare-peer';
import { identity, openDescriptors } from '../support/descriptors';
import { Files } from '../support/files';
import { between } from './between';

const codec = lengthPrefixed();
const frameOf = (text: string): Uint8Array => codec.encode({ bytes: Buffer.from(text) }).bytes;

async function failureOf(forwarding: Promise<unknown>): Promise<ForwardError> {
  const outcome = await settled(forwarding);
  if (outcome.status === 'rejected' && outcome.reason instanceof ForwardError) return outcome.reason;
  throw new Error(`not a ForwardError: ${JSON.stringify(outcome)}`);
}

describe('an end that ends', () => {
  it('ends the other one, and the other direction goes on until that ends too', async () => {
    await using middle = between();
    middle.client.end('a question');
    expect((await bytesOf(middle.server)).toString()).toBe('a question');
    middle.server.write('an ');
    middle.server.end('answer');
    expect((await bytesOf(middle.client)).toString()).toBe('an answer');
    expect(await middle.forwarding).toMatchObject({ from: { bytes: 10 }, to: { bytes: 9 } });
    expect([middle.from.closed, middle.to.closed]).toEqual([true, true]);
  });

  it('is closed by the other end’s closing altogether', async () => {
    await using middle = between();
    middle.server.destroy();
    middle.client.resume();
    await closed(middle.client);
    await middle.forwarding;
  });

  it.each(['from', 'to'] as const)('ends quietly where the program itself destroys %s', async (side) => {
    await using middle = between({ codec });
    await middle.client.send(frameOf('half').subarray(0, 3));
    await until(() => middle.from.stats.bytesRead === 3);
    middle[side].destroy();
    await middle.forwarding;
    expect([middle.from.closed, middle.to.closed]).toEqual([true, true]);
  });

  it('tells of an error with which the program destroys one of them, and of which', async () => {
    await using middle = between();
    middle.to.destroy(new Error('enough'));
    expect(await failureOf(middle.forwarding)).toMatchObject({ side: 'to', cause: { message: 'enough' } });
  });

  it('was closed before: the other one is closed', async () => {
    const [from, gone] = socketpair();
    const [to, server] = socketpair();
    await destroyed(from, gone);
    server.resume();
    await forward(from, to);
    await closed(to, server);
  });
});

describe('an end that leaves while it is sent to', () => {
  it('is read to its end all the same: what it said last arrives', async () => {
    for (let round = 0; round < 50; round++) {
      const [client, from] = socketpair();
      using bare = withBarePeer();
      const forwarding = forward(from, bare.socket);
      using files = new Files(1);
      raw.sendMessage(bare.peer, Buffer.from('why I left'), files.owned);
      bare.peer.close();
      // More than is lost in a moment, so that some is sent after it left.
      client.write('still talking');
      const frame = await client.receive(10);
      expect(frame.bytes.toString()).toBe('why I left');
      expect(frame.fds.map(({ fd }) => identity(fd))).toEqual(files.identities);
      frame.close();
      expect(await failureOf(forwarding)).toMatchObject({ side: 'to', code: 'EPIPE' });
      await destroyed(client);
    }
  });

  it('is told as the side that reset the connection where it had not read all', async () => {
    await using middle = between();
    await middle.client.send('unread');
    await until(() => middle.forwarding.totals.from.bytes === 6);
    middle.server.destroy();
    expect(await failureOf(middle.forwarding)).toMatchObject({ side: 'to', code: 'ECONNRESET' });
    middle.client.resume();
    await closed(middle.client);
  });
});

describe('an end that breaks the protocol', () => {
  it.each([
    ['from', 'client', 'server'],
    ['to', 'server', 'client'],
  ] as const)('is told as the side %s; what it sent before arrives, and both are closed', async (side, bad, good) => {
    await using middle = between({ codec: lengthPrefixed({ maxLength: 100 }) });
    using files = new Files(2);
    await middle[bad].send(frameOf('in order'));
    await middle[bad].send(frameOf('x'.repeat(101)), files.numbers);
    expect((await bytesOf(middle[good])).subarray(6).toString()).toBe('in order');
    expect(await failureOf(middle.forwarding)).toMatchObject({ side, code: 'ERR_FRAME_TOO_LARGE' });
  });

  it.each([
    ['more descriptors than it declared', 0, 2, 'ERR_FD_SURPLUS'],
    ['fewer', 3, 2, 'ERR_FD_MISSING'],
  ])('sends %s', async (_what, declared, came, code) => {
    await using middle = between({ codec });
    using files = new Files(came);
    const frame = Buffer.from(frameOf('text'));
    frame.writeUInt16BE(declared, 4);
    await middle.client.send(frame, files.numbers);
    expect(await failureOf(middle.forwarding)).toMatchObject({ side: 'from', code });
    expect(middle.forwarding.totals.from).toEqual({ bytes: 0, frames: 0, fds: 0, refused: 0 });
  });

  it('ends inside a frame', async () => {
    await using middle = between({ codec });
    using files = new Files(1);
    await middle.client.send(frameOf('whole'));
    middle.client.writeFds(frameOf('never').subarray(0, 5), files.numbers);
    middle.client.end();
    expect((await bytesOf(middle.server)).subarray(6).toString()).toBe('whole');
    expect(await failureOf(middle.forwarding)).toMatchObject({ side: 'from', code: 'ERR_FRAME_INCOMPLETE' });
  });

  it('is read in another way already', async () => {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    from.on('data', () => undefined);
    expect(await failureOf(forward(from, to))).toMatchObject({ side: 'from', code: 'ERR_FD_MODE' });
    await destroyed(client, server);
  });
});

describe('an end that does not read', () => {
  const KERNEL_BUFFER = 512 * 1024;

  it('stops the other one from being read, in bytes; then all arrives', async () => {
    await using middle = between({}, {}, { highWaterMark: 4096 });
    const total = 8 * 1024 * 1024;
    middle.client.end(Buffer.alloc(total, 'x'));
    let before = -1;
    for (let still = 0; still < 50; still++) {
      if (middle.from.stats.bytesRead !== before) still = 0;
      before = middle.from.stats.bytesRead;
      await new Promise(setImmediate);
    }
    expect(before).toBeLessThan(KERNEL_BUFFER);
    expect((await bytesOf(middle.server)).length).toBe(total);
    middle.server.end();
    await middle.forwarding;
  });

  it('stops the other one from being read, in descriptors; then all arrive in order', async () => {
    await using middle = between({ codec });
    using files = new Files(5);
    const frame = Buffer.concat([frameOf('some')]);
    frame.writeUInt16BE(5, 4);
    const count = 1000;
    let sent = 0;
    const sending = (async () => {
      for (; sent < count; sent++) await middle.client.send(frame, files.numbers);
    })();
    let before = -1;
    for (let still = 0; still < 50; still++) {
      if (middle.from.stats.fdsReceived !== before) still = 0;
      before = middle.from.stats.fdsReceived;
      await new Promise(setImmediate);
    }
    // What waits in this process: what was read ahead, and what waits to be sent.
    expect(openDescriptors().size).toBeLessThan(1024 + 3 * 253);
    let arrived = 0;
    await middle.server.forEachFrame((each) => {
      const identities = each.fds.map(({ fd }) => identity(fd));
      each.close();
      expect(identities).toEqual(files.identities);
      if (++arrived === count) middle.client.end();
    }, codec);
    await sending;
    expect(middle.forwarding.totals.from).toMatchObject({ frames: count, fds: 5 * count });
  });

  it('may leave with what it did not read: nothing is left open', async () => {
    await using middle = between({ codec });
    using files = new Files(5);
    const frame = Buffer.from(frameOf('some'));
    frame.writeUInt16BE(5, 4);
    for (let index = 0; index < 2000; index++) middle.client.writeFds(frame, files.numbers);
    await until(() => middle.forwarding.totals.from.fds > 200);
    middle.server.destroy();
    expect(await failureOf(middle.forwarding)).toMatchObject({ side: 'to' });
  });
});

describe('signal', () => {
  it('closes both at once, with all that is on the way', async () => {
    const aborting = new AbortController();
    await using middle = between({ codec, signal: aborting.signal });
    using files = new Files(5);
    const frame = Buffer.from(frameOf('some'));
    frame.writeUInt16BE(5, 4);
    for (let index = 0; index < 500; index++) middle.client.writeFds(frame, files.numbers);
    await until(() => middle.forwarding.totals.from.fds > 200);
    aborting.abort();
    expect([middle.from.destroyed, middle.to.destroyed]).toEqual([true, true]);
    expect(await settled(middle.forwarding)).toMatchObject({ reason: { name: 'AbortError' } });
  });

  it('does not wait for a handler that takes its time', async () => {
    const aborting = new AbortController();
    await using middle = between({ seen: () => new Promise<void>(() => undefined), signal: aborting.signal });
    middle.client.write('x');
    await until(() => middle.from.stats.framesReceived === 1);
    aborting.abort();
    expect(await settled(middle.forwarding)).toMatchObject({ reason: { code: 'ABORT_ERR' } });
  });

  it('was aborted before', async () => {
    await using middle = between({ signal: AbortSignal.abort() });
    expect(await settled(middle.forwarding)).toMatchObject({ reason: { code: 'ABORT_ERR' } });
    expect([middle.from.closed, middle.to.closed]).toEqual([true, true]);
  });

  it('leaves no listener on it', async () => {
    const { signal } = new AbortController();
    const spy = jest.spyOn(signal, 'removeEventListener');
    await using middle = between({ signal });
    middle.client.destroy();
    middle.server.resume();
    await middle.forwarding;
    expect(spy).toHaveBeenCalledTimes(1);
  });
});

it('loses nothing and leaves nothing open, wherever an end leaves', async () => {
  using files = new Files(3);
  for (let round = 0; round < 120; round++) {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    const forwarding = forward(from, to, round % 2 === 0 ? { codec } : {});
    const ends: [FdSocket, FdSocket] = round % 3 === 0 ? [client, server] : [server, client];
    const [leaving, staying] = ends;
    const frame = Buffer.from(frameOf('y'.repeat(round)));
    frame.writeUInt16BE(3, 4);
    for (let index = 0; index < 20; index++) {
      void leaving.send(frame, files.numbers).catch(() => undefined);
      void staying.send(frame, files.numbers).catch(() => undefined);
    }
    for (let turn = 0; turn < round % 7; turn++) await new Promise(setImmediate);
    // All of it is in the kernel, so all of it arrives.
    leaving.destroy();
    let arrived = 0;
    await staying
      .forEachFrame((each) => {
        expect(each.fds).toHaveLength(3);
        OwnedFd.closeAll(each.fds);
        arrived++;
      }, codec)
      .catch((error: unknown) => {
        // It left before it had read what it was sent.
        expect(error).toMatchObject({ code: 'ECONNRESET' });
      });
    expect(arrived).toBe(20);
    await settled(forwarding);
    await destroyed(client, server);
  }
});
