import { type FdSocket, fds, socketpair } from '../../packages/ancillary';
import { lengthPrefixed, type LengthPrefixedMessage } from '../../packages/codec';
import { framed } from '../../packages/rpc';

// framed(socket, codec, { signal }): whoever waits for a message gives up, and nothing that came is lost.

let sockets: FdSocket[];

beforeEach(() => {
  sockets = socketpair();
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' };

describe.each([['without acknowledgements'], ['with acknowledgements']])('%s', (how) => {
  const acknowledge = how === 'with acknowledgements';
  const ends = (signal: AbortSignal) => {
    const [left, right] = sockets as [FdSocket, FdSocket];
    const codec = lengthPrefixed({ acknowledge });
    return [framed(left, codec), framed(right, codec, { signal })] as const;
  };

  it('what waits rejects with an AbortError, the connection stays open, and send() goes on', async () => {
    const controller = new AbortController();
    const [left, right] = ends(controller.signal);
    const messages = right[Symbol.asyncIterator]();
    const [first, second] = [messages.next(), messages.next()];
    await left.send({ bytes: Buffer.from('first') });
    expect(String(((await first).value as LengthPrefixedMessage).bytes)).toBe('first');
    controller.abort('enough');
    await expect(second).rejects.toMatchObject(aborted);
    expect(right.socket.destroyed).toBe(false);
    const sent = right.send({ bytes: Buffer.from('on') });
    for await (const { bytes } of left) {
      expect(String(bytes)).toBe('on');
      break;
    }
    await sent;
  });

  it('a loop that begins after it aborted rejects at once', async () => {
    const [, right] = ends(AbortSignal.abort('enough'));
    await expect(right[Symbol.asyncIterator]().next()).rejects.toMatchObject(aborted);
    expect(right.socket.destroyed).toBe(false);
  });

  it('leaves no listener on the signal where the loop is left', async () => {
    const { signal } = new AbortController();
    const listening: string[] = [];
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listening.push('added');
      add(...given);
    };
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listening.push('removed');
      remove(...given);
    };
    const [, right] = ends(signal);
    const messages = right[Symbol.asyncIterator]();
    const waiting = messages.next();
    await messages.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(listening).toEqual(['added', 'removed']);
  });
});

it('a message of which a part has come, with its descriptor, is there for the next way of reading', async () => {
  const [left, right] = sockets as [FdSocket, FdSocket];
  const codec = lengthPrefixed();
  const controller = new AbortController();
  const waiting = framed(right, codec, { signal: controller.signal })[Symbol.asyncIterator]().next();
  const file = fds.memfd('given');
  const whole = codec.encode({ bytes: Buffer.from('hello'), fds: [file] });
  const bytes = Buffer.concat([whole.bytes].flat());
  await left.send(bytes.subarray(0, -2), [file]);
  file.close();
  controller.abort('enough');
  await expect(waiting).rejects.toMatchObject(aborted);
  await left.send(bytes.subarray(-2));
  for await (const message of framed(right, codec)) {
    expect([String(message.bytes), message.fds.length]).toEqual(['hello', 1]);
    for (const fd of message.fds) fd.close();
    break;
  }
});
