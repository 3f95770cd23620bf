import { fds, type FdSocket, type FrameCodec, type OwnedFd, socketpair } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';
import { identity } from '../support/descriptors';
import { modeRefusal } from '../support/mode-refusal';

interface Message {
  text: string;
  fds: OwnedFd[];
}

/** Text that `!` makes undecodable and `?` unencodable. */
const codec: FrameCodec<Message, string> = {
  ...lengthPrefixed(),
  decode(frame) {
    const { bytes, fds: own } = lengthPrefixed().decode(frame);
    const text = bytes.toString();
    if (text !== '!') return { text, fds: own };
    frame.fds.push(...own);
    throw new Error('not a message');
  },
  encode(text) {
    if (text === '?') throw new Error('no such message');
    return lengthPrefixed().encode({ bytes: Buffer.from(text) });
  },
};

let left: Framed<Message, string>;
let right: Framed<Message, string>;
let sockets: FdSocket[];

beforeEach(() => {
  sockets = socketpair();
  [left, right] = sockets.map((socket) => framed(socket, codec)) as [typeof left, typeof right];
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

/** Settled results as their messages. */
async function outcomes(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => (each.status === 'rejected' ? each.reason : each.value) as unknown);
}

it('carries messages both ways, until the stream ends', async () => {
  await Promise.all([left.send('a'), left.send('b'), right.send('c')]);
  left.socket.end();
  const seen: string[] = [];
  for await (const { text } of right) seen.push(text);
  expect(seen).toEqual(['a', 'b']);
});

it('gives a message the descriptors that it keeps, and closes the others', async () => {
  using file = fds.memfd('sent');
  const { bytes, fds: sent } = lengthPrefixed().encode({ bytes: Buffer.from('one'), fds: [file, file] });
  const dropping = framed(right.socket, { ...codec, decode: (frame) => ({ text: '', fds: frame.fds.splice(0, 1) }) });
  await left.socket.send(bytes, sent);
  const { value } = (await dropping[Symbol.asyncIterator]().next()) as IteratorYieldResult<Message>;
  expect(value.fds.map(({ fd }) => identity(fd))).toEqual([identity(file.fd)]);
  for (const fd of value.fds) fd.close();
});

it('leaving the loop leaves the connection open, with what was not taken for the next loop', async () => {
  await Promise.all(['a', 'b', 'c'].map((text) => left.send(text)));
  const seen: string[] = [];
  for await (const { text } of right) {
    seen.push(text);
    if (seen.length === 2) break;
  }
  for await (const { text } of right) {
    seen.push(text);
    break;
  }
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(right.socket.destroyed).toBe(false);
});

it('a second loop beside the first is refused, and harms neither the first nor the socket', async () => {
  const waiting = right[Symbol.asyncIterator]().next();
  await expect(right[Symbol.asyncIterator]().next()).rejects.toEqual(modeRefusal());
  await left.send('a');
  await expect(waiting).resolves.toMatchObject({ value: { text: 'a' } });
});

it('what encode throws rejects that send alone', async () => {
  await expect(left.send('?')).rejects.toThrow('no such message');
  await left.send('a');
  await expect(right[Symbol.asyncIterator]().next()).resolves.toMatchObject({ value: { text: 'a' } });
});

it('what decode throws rejects the loop, closes the frame’s descriptors and destroys the socket', async () => {
  using file = fds.memfd('sent');
  const { bytes, fds: sent } = lengthPrefixed().encode({ bytes: Buffer.from('!'), fds: [file] });
  await left.socket.send(bytes, sent);
  await expect(right[Symbol.asyncIterator]().next()).rejects.toThrow('not a message');
  expect(right.socket.destroyed).toBe(true);
});

it('gives the one reason to everyone who waits when a message cannot be decoded', async () => {
  const messages = right[Symbol.asyncIterator]();
  const pending = [messages.next(), messages.next(), messages.next()];
  // More than a socket holds, so that these wait.
  const sends = [right.send('x'.repeat(4_000_000)), right.send('y')];
  await left.send('!');
  const [first, ...others] = await outcomes([...pending, ...sends]);
  expect(first).toMatchObject({ message: 'not a message' });
  for (const each of others) expect(each).toBe(first);
});

it('gives the one reason to everyone who waits when the socket is destroyed with an error', async () => {
  const reason = new Error('enough');
  const messages = right[Symbol.asyncIterator]();
  const pending = [messages.next(), messages.next(), right.send('x'.repeat(4_000_000)), right.send('y')];
  right.socket.destroy(reason);
  expect(await outcomes(pending)).toEqual([reason, reason, reason, reason]);
});

it('tells the reason to a loop that was busy with a message when the socket failed', async () => {
  await left.send('a');
  const messages = right[Symbol.asyncIterator]();
  await messages.next();
  const reason = new Error('enough');
  right.socket.destroy(reason);
  await expect(messages.next()).rejects.toBe(reason);
  await expect(messages.next()).resolves.toEqual({ done: true, value: undefined });
});

it('sending after the connection is closed is refused', async () => {
  await left.close();
  await expect(left.send('a')).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' });
});

it('close() sends what is queued first, then closes the socket', async () => {
  const text = 'x'.repeat(1_000_000);
  const sent = left.send(text);
  const last = left.send('last');
  const closed = left.close();
  const seen: string[] = [];
  for await (const message of right) seen.push(message.text);
  expect(seen.map(({ length }) => length)).toEqual([text.length, 4]);
  await Promise.all([sent, last, closed]);
  expect(left.socket.destroyed).toBe(true);
  expect(left.socket.fd).toBe(-1);
});

it('close() may be called twice, and resolves although the peer is gone', async () => {
  const pending = left.send('x'.repeat(4_000_000));
  right.socket.destroy();
  const [failure] = await outcomes([pending, left.close(), left.close()]);
  expect(failure).toMatchObject({ code: 'EPIPE' });
  await left.close();
});

describe('close() while the peer does not read', () => {
  it.each([0, 1])(
    'destroys the socket after the timeout, %d ms, and what did not leave is rejected',
    async (timeout) => {
      const sends = [left.send('x'.repeat(4_000_000)), left.send('y')];
      const closed = left.close({ timeout });
      const outcome = await outcomes([...sends, closed]);
      const unsent = expect.objectContaining({ code: 'ERR_FD_CLOSED' }) as Error;
      expect(outcome).toEqual([unsent, unsent, undefined]);
      expect(left.socket.closed).toBe(true);
    },
  );

  it('gives up after 5 seconds, unless it is told otherwise', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
    try {
      const sent = outcomes([left.send('x'.repeat(4_000_000))]);
      const closed = left.close();
      jest.advanceTimersByTime(4_999);
      expect(left.socket.destroyed).toBe(false);
      jest.advanceTimersByTime(1);
      expect(left.socket.destroyed).toBe(true);
      await Promise.all([sent, closed]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits for ever where it is told so, and sets no timer', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
    try {
      const sent = left.send('x'.repeat(4_000_000));
      const closed = left.close({ timeout: Infinity });
      expect(jest.getTimerCount()).toBe(0);
      right.socket.resume();
      await Promise.all([sent, closed]);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([-1, NaN, '5', 2 ** 31, null])('refuses the timeout %p, and leaves the connection open', async (timeout) => {
    const options = { timeout } as { timeout: number };
    if (timeout === null) return expect(left.close(null as never)).rejects.toThrow(TypeError);
    await expect(left.close(options)).rejects.toThrow(typeof timeout === 'number' ? RangeError : TypeError);
    expect(left.socket.writable).toBe(true);
  });
});

it('ends a loop that waits when it is closed', async () => {
  const waiting = left[Symbol.asyncIterator]().next();
  await left.close();
  await expect(waiting).resolves.toEqual({ done: true, value: undefined });
});

it('is closed by await using', async () => {
  {
    await using scoped = left;
    await scoped.send('a');
  }
  expect(left.socket.destroyed).toBe(true);
});

it('ends quietly, even inside a message, when the user destroys the socket', async () => {
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { text } of right) {
      seen.push(text);
      right.socket.destroy();
    }
  })();
  // The second message lacks its last byte.
  const { bytes } = lengthPrefixed().encode({ bytes: Buffer.from('b') });
  await Promise.all([left.send('a'), left.socket.send(bytes.subarray(0, -1))]);
  await reading;
  expect(seen).toEqual(['a']);
});
