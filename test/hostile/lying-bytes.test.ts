import { inChild } from './child';

// A Uint8Array may have a property of its own that is called `length`, which says anything.

const LIARS = `
  class Short extends Uint8Array { get length() { return 1; } }
  const liars = {
    long: () => Object.defineProperty(Buffer.from('abcd'), 'length', { value: 1e9 }),
    short: () => Object.defineProperty(Buffer.from('abcd'), 'length', { value: 0 }),
    negative: () => Object.defineProperty(new Uint8Array([97, 98, 99, 100]), 'length', { value: -1 }),
    changing: () => { let asked = 0; return Object.defineProperty(Buffer.from('abcd'), 'length', { get: () => asked++ }); },
    subclass: () => Short.from([97, 98, 99, 100]),
  };
  const results = {};`;
const NAMES = ['long', 'short', 'negative', 'changing', 'subclass'];

const forEach = <Result>(result: Result): Record<string, Result> =>
  Object.fromEntries(NAMES.map((name) => [name, result]));

it('send() and write() go by the memory', async () => {
  const { result, uncaught } = await inChild(`${LIARS}
    for (const [name, make] of Object.entries(liars)) {
      const [left, right] = ancillary.socketpair();
      let text = '';
      right.on('data', (chunk) => (text += chunk));
      await left.send(make());
      await left.send(make(), [0]);
      left.cork();
      left.write(make());
      left.write(Buffer.from('|'));
      left.uncork();
      left.write(make());
      left.end();
      await until(() => right.readableEnded);
      results[name] = text;
    }
    return results;`);
  expect(result).toEqual(forEach('abcdabcdabcd|abcd'));
  expect(uncaught).toEqual([]);
});

it('onread reads as much as there is room for', async () => {
  const { result, uncaught } = await inChild(`${LIARS}
    const text = (given, count) => Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('latin1', 0, count);
    for (const [name, make] of Object.entries(liars)) {
      const memory = make();
      const seen = (results[name] = []);
      const [left, right] = ancillary.socketpair({
        onread: { buffer: memory, callback: (count, given) => void seen.push([given === memory, text(given, count)]) },
      });
      await left.send('123456');
      left.end();
      await until(() => right.readableEnded);
    }
    return results;`);
  expect(result).toEqual(
    forEach([
      [true, '1234'],
      [true, '56'],
    ]),
  );
  expect(uncaught).toEqual([]);
});

it('send() sends bytes that change their mind about how many they are', async () => {
  const { result, uncaught } = await inChild(`
    const outcomes = new Set();
    for (const later of [1e9, 5, 1, 0, -1]) {
      for (let truths = 1; truths < 12; truths++) {
        for (const [kind, fds] of [[Buffer, []], [Uint8Array, []], [Buffer, [0]], [Uint8Array, [0]]]) {
          let asked = 0;
          const get = () => (asked++ < truths ? 4 : later);
          const [left, right] = ancillary.socketpair();
          right.resume();
          left.on('error', () => undefined);
          // The second waits for the end of the turn.
          const bytes = Object.defineProperty(kind.from([97, 98, 99, 100]), 'length', { get });
          const sends = ['x', bytes].map((each) => left.send(each, fds));
          for (const { status, reason } of await Promise.allSettled(sends)) outcomes.add(reason?.code ?? reason?.name ?? status);
          left.destroy();
          right.destroy();
        }
      }
    }
    return [...outcomes].sort();`);
  expect(result).toEqual(['fulfilled']);
  expect(uncaught).toEqual([]);
});

it('the frames behind bytes that say later that they are fewer are sent whole, with their descriptors', async () => {
  const { result, uncaught } = await inChild(`
    const texts = new Set();
    for (let truths = 1; truths < 12; truths++) {
      let asked = 0;
      const get = () => (asked++ < truths ? 4 : 1);
      const [left, right] = ancillary.socketpair({ maxInFlightFds: 1 });
      let text = '';
      right.on('fds', ({ fds }) => (text += '(' + fds.length + ')'));
      right.on('data', (chunk) => (text += chunk));
      void left.send('x', [0]);
      void left.send('y');
      void left.send(Object.defineProperty(Buffer.from('abcd'), 'length', { get }));
      void left.send('efgh');
      // That waits until the descriptor before was received.
      await left.send('ij', [0]);
      left.end();
      await until(() => right.readableEnded);
      texts.add(text);
    }
    return [...texts];`);
  expect(result).toEqual(['(1)xyabcdefgh(1)ij']);
  expect(uncaught).toEqual([]);
});

it.each([
  ['without descriptors', '[]'],
  ['with one', '[0]'],
])('send() settles, %s, where asking the bytes for their length destroys the socket', async (_, fds) => {
  const { result, uncaught } = await inChild(`
    const outcomes = new Set();
    for (let at = 1; at < 8; at++) {
      const [left, right] = ancillary.socketpair();
      let asked = 0;
      const get = () => {
        if (++asked === at) left.destroy();
        return 4;
      };
      const bytes = Object.defineProperty(Buffer.from('abcd'), 'length', { get });
      // The first leaves at once, the others when the turn is over.
      const settled = [];
      for (const each of ['x', bytes, bytes]) {
        left.send(each, ${fds}).then(() => settled.push('sent'), ({ code }) => settled.push(code));
      }
      await turns(3);
      for (const each of settled) outcomes.add(each);
      if (settled.length < 3) outcomes.add('never settles');
      left.destroy();
      right.destroy();
    }
    return [...outcomes].sort();`);
  expect(result).toEqual(['ERR_FD_CLOSED', 'sent']);
  expect(uncaught).toEqual([]);
});
