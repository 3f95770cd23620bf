import * as current from 'comlink';
import { fds, type FdSocket, OwnedFd, socketpair } from '../../../packages/ancillary';
import { framed, give, jsonValues } from '../../../packages/rpc';
import { fdEndpoint } from '../../../packages/rpc/comlink';
import { identity } from '../../support/descriptors';
import { closed } from '../../support/peer';

// eslint-disable-next-line @typescript-eslint/no-require-imports
const lowest = require('comlink-lowest') as typeof current;

let sockets: [FdSocket, FdSocket];

beforeEach(() => {
  sockets = socketpair();
});

afterEach(async () => {
  await closed(...sockets);
});

describe.each([
  ['the newest', current],
  ['the lowest', lowest],
])('comlink, %s', (_name, { expose, wrap, proxy, transfer, createEndpoint }) => {
  class Item {
    name = 'item';
  }
  const got: OwnedFd[] = [];
  const files = {
    name: 'files',
    identity(file: OwnedFd): string {
      got.push(file);
      return identity(file.fd);
    },
    keep: (file: OwnedFd) => file.take(),
    fail(file: OwnedFd): never {
      got.push(file);
      throw new Error('no');
    },
    make: () => ({ file: give(fds.memfd('made')) }),
    bad: () => ({ file: give(fds.memfd('bad')), big: 1n }),
    callback: (call: () => unknown) => call(),
    proxied: () => proxy({ a: 1 }),
    Item,
  };
  type Files = Omit<typeof files, 'make'> & { make: () => { file: OwnedFd } };

  function connect(): current.Remote<Files> {
    expose(files, fdEndpoint(sockets[1]));
    return wrap<Files>(fdEndpoint(sockets[0]));
  }

  test('descriptors go both ways, and those of a call are closed when it is answered', async () => {
    const remote = connect();
    using file = fds.memfd('file');
    expect(await remote.name).toBe('files');
    await expect(remote.identity(file)).resolves.toBe(identity(file.fd));
    await expect(remote.fail(file)).rejects.toThrow('no');
    using kept = OwnedFd.adopt(await remote.keep(file));
    expect(identity(kept.fd)).toBe(identity(file.fd));
    const made = (await remote.make()).file;
    expect(made).toBeInstanceOf(OwnedFd);
    made.close();
    expect(got.splice(0).map((each) => each.closed)).toEqual([true, true]);
  });

  test('what cannot be sent rejects the call, and closes what was given away', async () => {
    const remote = connect();
    await expect(remote.bad()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(/^the result of 'bad' cannot be sent: value.big is a BigInt/) as string,
    });
    const given = fds.memfd('given');
    const arguments_ = [give(given), 1n] as unknown as [OwnedFd];
    await expect(remote.identity(...arguments_)).rejects.toThrow('BigInt');
    expect(given.closed).toBe(true);
    await expect(remote.identity(given)).rejects.toMatchObject({
      code: 'ERR_FD_CLOSED',
      message: expect.stringMatching(
        /^the call of 'identity' cannot be sent: argumentList\[0\].value, an instance of OwnedFd, is closed/,
      ) as string,
    });
    expect(await remote.name).toBe('files');
  });

  test('what needs a MessagePort is refused', async () => {
    const remote = connect();
    await expect(remote.callback(proxy(() => 1))).rejects.toThrow('proxy() needs a MessagePort');
    await expect(remote.proxied()).rejects.toThrow('proxy() needs a MessagePort');
    await expect(remote.callback(transfer(() => 1, [new ArrayBuffer(1)]))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'an instance of ArrayBuffer cannot be transferred through a socket: send data, or a memfd with give()',
    });
    await expect(new remote.Item()).rejects.toThrow(/^new needs a MessagePort, .*: expose an instance of the class/);
    await expect(remote[createEndpoint]()).rejects.toThrow(/^createEndpoint needs a MessagePort, .*: connect another/);
  });

  describe('what every object or function has is refused, and the connection goes on', () => {
    // Those of functions, as far as they can be set or called.
    const names = [
      ...Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__' && name !== 'constructor'),
      ...['apply', 'bind', 'call', 'arguments', 'caller'],
    ];
    test.each(names.map((name) => [name]))('%s', async (name) => {
      expose({ list: [1], add: (a: number, b: number) => a + b }, fdEndpoint(sockets[1]));
      const messages = framed(sockets[0], jsonValues());
      const value = { type: 'RAW', value: 5 };
      // The first is such that nothing is broken for the tests, whatever becomes of it.
      await messages.send({ id: '1', type: 'SET', path: [name, 'notThere'], value });
      await messages.send({ id: '2', type: 'SET', path: ['list', 'push', name], value });
      await messages.send({ id: '3', type: 'APPLY', path: ['add', name], argumentList: [value, value] });
      await messages.send({ id: '4', type: 'GET', path: ['list', name, 'name'] });
      await messages.send({ id: '5', type: 'APPLY', path: ['add'], argumentList: [value, value] });
      const answers: unknown[] = [];
      for await (const { value: answer } of messages) if (answers.push(answer) === 5) break;
      const inherited = Object.hasOwn(Array.prototype.push, name);
      Reflect.deleteProperty(Array.prototype.push, name);
      expect(inherited).toBe(false);
      for (const each of answers.slice(0, 4))
        expect(JSON.stringify(each)).toContain(`'${name}' is what every object or function has`);
      expect(answers[4]).toMatchObject({ type: 'RAW', value: 10 });
    });
  });

  test('the exposed object may have methods that are called as those of functions', async () => {
    expose({ apply: (patch: string) => patch, list: [1] }, fdEndpoint(sockets[1]));
    const remote = wrap<{ apply(patch: string): string }>(fdEndpoint(sockets[0]));
    await expect(remote.apply('a')).resolves.toBe('a');
    const untyped = remote as unknown as { list: { length: Promise<number> } };
    expect(await untyped.list.length).toBe(1);
  });

  test('the end of the connection rejects calls that wait, and later ones', async () => {
    const remote = wrap<Files>(fdEndpoint(sockets[0]));
    const call = remote.make();
    call.catch(() => undefined);
    const reason = new Error('enough');
    sockets[0].destroy(reason);
    await expect(call).rejects.toThrow('enough');
    await expect(remote.make()).rejects.toThrow();
  });

  test('the end of the peer rejects calls that wait', async () => {
    const remote = wrap<Files>(fdEndpoint(sockets[0]));
    const call = remote.make();
    call.catch(() => undefined);
    sockets[1].end();
    await expect(call).rejects.toThrow('the peer has ended');
    await expect(remote.make()).rejects.toThrow();
  });

  const bad = /^the frame at bytes \d+ to \d+ is no message: it is neither a call nor an answer of comlink; closed 1 /;
  const elsewhere = /a descriptor of it is not in what it answers; closed 1 /;
  const lists = /its arguments are no values of comlink; closed 1 /;
  test.each<[string, (file: OwnedFd) => object, RegExp]>([
    ['of a type that is none', (value) => ({ type: 'odd', value }), bad],
    ['with a port', (value) => ({ type: 'HANDLER', name: 'proxy', value }), bad],
    ['of a handler without a name', (value) => ({ type: 'HANDLER', value }), bad],
    ['with nothing thrown', (value) => ({ type: 'HANDLER', name: 'throw', value }), bad],
    [
      'with an error that is none',
      (value) => ({ type: 'HANDLER', name: 'throw', value: { isError: true, value } }),
      bad,
    ],
    [
      'with an error whose message is none',
      (file) => ({
        type: 'HANDLER',
        name: 'throw',
        value: { isError: true, value: { message: { toString: 5, file } } },
      }),
      bad,
    ],
    [
      'with a descriptor beside the error',
      (file) => ({ type: 'HANDLER', name: 'throw', value: { isError: true, value: { message: 'm' }, file } }),
      elsewhere,
    ],
    ['of a handler that is unknown', (value) => ({ type: 'HANDLER', name: 'nope', value }), elsewhere],
    ['with a descriptor beside its value', (file) => ({ type: 'RAW', value: 1, file }), elsewhere],
    ['with arguments that are none', (value) => ({ type: 'RAW', value, argumentList: 5 }), lists],
    ['with an argument that is none', (value) => ({ type: 'RAW', value, argumentList: [5] }), lists],
  ])('an answer %s rejects the call, and breaks the connection', async (_what, answer, message) => {
    const endpoint = fdEndpoint(sockets[0]);
    expose(files, endpoint);
    const call = wrap<Files>(endpoint).make();
    const failed = expect(call).rejects.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringMatching(message) as string,
    });
    const messages = framed(sockets[1], jsonValues());
    using file = fds.memfd('file');
    for await (const { value } of messages) {
      await messages.send({ ...answer(file), id: (value as { id: string }).id });
      break;
    }
    await failed;
  });

  test.each([
    ['list', 5],
    ['value', [5]],
    ['port', [{ type: 'HANDLER', name: 'proxy', value: 1 }]],
    ['handler', [{ type: 'HANDLER', name: 'nope', value: 1 }]],
  ])(
    'a call whose argument has a %s that comlink cannot read breaks the connection, and says so',
    async (_what, list) => {
      expose(files, fdEndpoint(sockets[1]));
      const failed = new Promise((resolve) => sockets[1].once('error', resolve));
      using value = fds.memfd('file');
      await framed(sockets[0], jsonValues()).send({
        id: '1',
        type: 'APPLY',
        path: ['name'],
        argumentList: list,
        value,
      });
      await expect(failed).resolves.toMatchObject({
        code: 'ERR_FRAME_INVALID',
        message: expect.stringMatching(/comlink|the framework cannot read it/) as string,
      });
    },
  );

  test('descriptors in what was thrown are the caller’s', async () => {
    const file = fds.memfd('file');
    const fail = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- of an Error comlink sends no members
      throw { file: give(file) };
    };
    expose({ fail }, fdEndpoint(sockets[1]));
    const reason: unknown = await wrap<{ fail(): void }>(fdEndpoint(sockets[0]))
      .fail()
      .catch((each: unknown) => each);
    expect((reason as { file: OwnedFd }).file).toBeInstanceOf(OwnedFd);
    (reason as { file: OwnedFd }).file.close();
  });

  test('descriptors of a call that nobody answers are closed with the connection', async () => {
    fdEndpoint(sockets[1]); // Nobody exposes anything.
    const remote = wrap<Files>(fdEndpoint(sockets[0]));
    using file = fds.memfd('file');
    const call = remote.identity(file);
    call.catch(() => undefined);
    while (sockets[1].stats.fdsReceived === 0) await new Promise(setImmediate);
    sockets[0].destroy();
    await expect(call).rejects.toThrow();
    await closed(...sockets);
  });

  test.each([
    ['an answer to nobody', { id: 'x', type: 'RAW', value: true }, /answers call 'x'/],
    ['a path to what every object has', { id: 'x', type: 'GET', path: ['__proto__', 'a'] }, /what every object has/],
    [
      'a path to a constructor',
      { id: 'x', type: 'APPLY', path: ['constructor', 'constructor'] },
      /what every object has/,
    ],
    ['a path that is none', { id: 'x', type: 'SET', path: 'prototype', value: 5 }, /what every object has/],
  ])('%s breaks the connection, and closes what came with it', async (_what, message, expected) => {
    connect();
    const [left, right] = socketpair();
    expose(files, fdEndpoint(right));
    const ended = new Promise((resolve) => right.once('error', resolve));
    using file = fds.memfd('file');
    await framed(left, jsonValues()).send({ ...message, argumentList: [{ type: 'RAW', value: file }], value: file });
    await expect(ended).resolves.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringMatching(expected) as string,
    });
    await closed(left, right);
  });
});
