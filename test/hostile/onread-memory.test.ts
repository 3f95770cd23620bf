import { inChild } from './child';

// What a function for the memory of onread returns, when it is none: the program is told, and nothing is overwritten.

const WRONG: Readonly<Record<string, readonly [expression: string, told: string]>> = {
  undefined: ['undefined', 'ERR_INVALID_ARG_TYPE'],
  'a string': [`'text'`, 'ERR_INVALID_ARG_TYPE'],
  'a Promise of memory': ['Promise.resolve(Buffer.alloc(3))', 'ERR_INVALID_ARG_TYPE'],
  'an ArrayBuffer': ['new ArrayBuffer(3)', 'ERR_INVALID_ARG_TYPE'],
  'larger elements': ['new Uint16Array(3)', 'ERR_INVALID_ARG_TYPE'],
  'a Proxy': ['new Proxy(Buffer.alloc(3), {})', 'ERR_INVALID_ARG_TYPE'],
  'a revoked Proxy': ['revoked()', 'ERR_INVALID_ARG_TYPE'],
  'what looks like a Buffer': ['Object.create(Buffer.prototype, { length: { value: 3 } })', 'ERR_INVALID_ARG_TYPE'],
  'an empty Buffer': ['Buffer.alloc(0)', 'ERR_OUT_OF_RANGE'],
  'memory that was transferred away': ['gone()', 'ERR_OUT_OF_RANGE'],
  'nothing, since it throws': [`(() => { throw new Error('mine'); })()`, 'mine'],
};

it('a wrong one is an uncaught exception, and reading pauses until resume()', async () => {
  const cases = Object.entries(WRONG).map(([name, [expression]]) => `[${JSON.stringify(name)}, () => ${expression}]`);
  const { result, uncaught } = await inChild(`
    const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
    const gone = () => { const bytes = Buffer.alloc(3); structuredClone(bytes.buffer, { transfer: [bytes.buffer] }); return bytes; };
    const results = {};
    for (const [name, make] of [${cases.join(', ')}]) {
      const first = Buffer.alloc(3);
      const seen = [];
      let asked = 0;
      const [left, right] = ancillary.socketpair({
        onread: {
          // Each of the two sockets asks once when it is made; then it is wrong twice.
          buffer: () => { asked++; return asked <= 2 ? first : asked <= 4 ? make() : Buffer.alloc(3); },
          callback(count, buffer) { seen.push(buffer.toString('latin1', 0, count)); },
        },
      });
      await left.send('abc');
      await until(() => seen.length === 1);
      await left.send('def');
      await turns(20);
      const before = { seen: [...seen], kept: String(first), destroyed: right.destroyed };
      let thrown;
      try { right.resume(); } catch (error) { thrown = error.code ?? error.message; }
      right.resume();
      await until(() => seen.length === 2);
      results[name] = { before, thrown, seen };
    }
    return results;`);
  expect(uncaught).toEqual(Object.values(WRONG).map(([, told]) => told));
  const before = { seen: ['abc'], kept: 'abc', destroyed: false };
  const expected = Object.entries(WRONG).map(([name, [, told]]) => [
    name,
    { before, thrown: told, seen: ['abc', 'def'] },
  ]);
  expect(result).toEqual(Object.fromEntries(expected));
});

it('a callback that throws may have kept its memory, so the next read goes to other memory', async () => {
  const { result, uncaught } = await inChild(`
    const kept = [];
    const [left, right] = ancillary.socketpair({
      onread: {
        buffer: () => Buffer.alloc(3),
        callback(count, buffer) { kept.push(buffer); throw new Error('mine'); },
      },
    });
    for (const text of ['abc', 'def']) {
      const so = kept.length;
      await left.send(text);
      await until(() => kept.length > so);
    }
    return kept.map(String);`);
  expect(uncaught).toEqual(['mine', 'mine']);
  expect(result).toEqual(['abc', 'def']);
});
