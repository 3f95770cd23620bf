import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as Capnweb from 'capnweb' with { 'resolution-mode': 'import' };
import { fds, type FdSocket, OwnedFd, socketpair } from '../../../packages/ancillary';
import { framed, give, jsonValues } from '../../../packages/rpc';
import { fdOf, fdTransport, fdValue } from '../../../packages/rpc/capnweb';
import { identity } from '../../support/descriptors';
import { closed } from '../../support/peer';

// capnweb needs it, and Node has it from version 22 on.
if (!('withResolvers' in Promise)) {
  Object.assign(Promise, {
    withResolvers() {
      let resolve: unknown;
      let reject: unknown;
      const promise = new Promise((...settle) => ([resolve, reject] = settle));
      return { promise, resolve, reject };
    },
  });
}

/** What capnweb gives is a function too, which expect() would call. */
function plain(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise);
}

let sockets: [FdSocket, FdSocket];

beforeEach(() => {
  sockets = socketpair();
});

afterEach(async () => {
  await closed(...sockets);
});

describe.each(['capnweb', 'capnweb-lowest'])('%s', (name) => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { RpcSession, RpcTarget } = require(name) as typeof Capnweb;
  const got: OwnedFd[] = [];

  class Files extends RpcTarget {
    identity({ list: [file] }: { list: [Uint8Array] }): string {
      const received = fdOf(file);
      got.push(received);
      return identity(received.fd);
    }

    keep(file: Uint8Array): number {
      return fdOf(file).take();
    }

    fail(file: Uint8Array): never {
      got.push(fdOf(file));
      throw new Error('no');
    }

    make(): object {
      return { file: fdValue(give(fds.memfd('made'))), bytes: Buffer.from('abc') };
    }

    echo(value: unknown): unknown {
      return value;
    }

    number(): Uint8Array {
      return fdValue(give(fds.memfd('number').take()));
    }

    ignore(): void {
      // Does not ask for its descriptors.
    }
  }

  interface Remote {
    identity(value: object): Promise<string>;
    keep(file: Uint8Array): Promise<number>;
    fail(file: Uint8Array): Promise<never>;
    make(): Promise<{ file: Uint8Array; bytes: Uint8Array }>;
    echo(value: unknown): Promise<unknown>;
    ignore(file: Uint8Array): Promise<void> & Disposable;
  }

  function connect(): Remote {
    new RpcSession(fdTransport(sockets[1]), new Files());
    return new RpcSession(fdTransport(sockets[0])).getRemoteMain() as unknown as Remote;
  }

  test('descriptors go both ways, and those of a call are closed when it is answered', async () => {
    const remote = connect();
    using file = fds.memfd('file');
    await expect(plain(remote.identity({ list: [fdValue(file)] }))).resolves.toBe(identity(file.fd));
    await expect(plain(remote.fail(fdValue(file)))).rejects.toThrow('no');
    using kept = OwnedFd.adopt(await remote.keep(fdValue(file)));
    expect(identity(kept.fd)).toBe(identity(file.fd));
    await remote.ignore(fdValue(file));
    expect(got.splice(0).map((each) => each.closed)).toEqual([true, true]);
    const made = await remote.make();
    expect(Buffer.from(made.bytes).toString()).toBe('abc');
    const result = fdOf(made.file);
    expect(result.closed).toBe(false);
    result.close();
  });

  test('data comes back as it was, also what looks like a descriptor', async () => {
    const remote = connect();
    const value = { $fd: 0, list: [['bytes', { $fd: 0 }], 5n], $$fd: [undefined, new Date(0)], none: new Uint8Array() };
    await expect(plain(remote.echo(value))).resolves.toEqual({ ...value, none: expect.any(Uint8Array) as Uint8Array });
    await expect(plain(remote.identity({ list: [new Uint8Array()] }))).rejects.toThrow('what stands for a descriptor');
    expect(() => fdOf(new Uint8Array())).toThrow(TypeError);
    using file = fds.memfd('file');
    expect(() => fdOf(fdValue(give(file)))).toThrow(TypeError);
  });

  test('those of results that nobody asked for are closed with the connection', async () => {
    const remote = connect();
    await remote.make();
    await remote.make();
    expect(sockets[0].stats.fdsReceived).toBe(2);
    sockets[0].end();
    await new Promise((resolve) => sockets[0].once('close', resolve));
  });

  test('those of a call that was let go are closed', async () => {
    const remote = connect();
    using file = fds.memfd('file');
    remote.ignore(fdValue(file))[Symbol.dispose]();
    await remote.echo(1);
    expect(sockets[1].stats.fdsReceived).toBe(1);
  });

  test('what is too large ends the session, with what was given away closed', async () => {
    const remote = connect();
    const given = fds.memfd('given');
    await expect(plain(remote.echo(['x'.repeat(2_000_000), fdValue(give(given))]))).rejects.toMatchObject({
      code: 'ERR_FRAME_TOO_LARGE',
    });
    expect(given.closed).toBe(true);
  });

  test('the end of the connection rejects calls that wait', async () => {
    const session = new RpcSession(fdTransport(sockets[0]));
    const remote = session.getRemoteMain() as unknown as Remote;
    const call = remote.make();
    const failed = expect(plain(call)).rejects.toThrow('the peer has ended');
    sockets[1].end();
    await failed;
  });

  /** How many files there are of those that methods made. */
  const left = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return /^\/memfd:(made|number)/.test(readlinkSync(`/proc/self/fd/${fd}`));
      } catch {
        return false;
      }
    }).length;

  test('results that the peer never asks for are so many at most, and are closed when they are garbage', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    new RpcSession(fdTransport(sockets[1]), new Files());
    const failed = new Promise((resolve) => sockets[1].once('error', resolve));
    const messages = framed(sockets[0], jsonValues());
    const send = (message: unknown): void => void messages.send(message).catch(() => undefined);
    // Those that it asks for are not counted.
    for (let id = 1; id <= 200; id++) {
      send(['push', ['pipeline', 0, ['make'], []]]);
      send(['pull', id]);
    }
    let answers = 0;
    for await (const { fds: received } of messages) {
      expect(received).toHaveLength(1);
      OwnedFd.closeAll(received);
      if (++answers === 200) break;
    }
    for (let id = 1; id <= 4097; id++) send(['push', ['pipeline', 0, [id % 2 ? 'number' : 'make'], []]]);
    await expect(failed).resolves.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringMatching(/a call too many: 4096 have results that the peer does not ask for/) as string,
    });
    await closed(...sockets);
    for (let turns = 0; turns < 1000 && left() > 0; turns++) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(left()).toBe(0);
  });

  test('a number that belongs to somebody is not closed where it is not sent', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    using file = fds.memfd('file');
    const there = identity(file.fd);
    for (let made = 0; made < 100; made++) fdValue(give(file.fd));
    for (let turns = 0; turns < 20; turns++) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(identity(file.fd)).toBe(there);
  });

  test('disposing of the main stub closes the socket', async () => {
    const session = new RpcSession(fdTransport(sockets[0]));
    session.getRemoteMain()[Symbol.dispose]();
    await new Promise((resolve) => sockets[0].once('close', resolve));
  });

  test.each(['object', 'descriptor'])(
    'a message that is an %s ends the session, and closes what came with it',
    async (what) => {
      const session = new RpcSession(fdTransport(sockets[0]));
      const remote = session.getRemoteMain() as unknown as Remote;
      const failed = expect(plain(remote.make())).rejects.toMatchObject({
        code: 'ERR_FRAME_INVALID',
        message: expect.stringMatching(/is no message: it is no array; closed 1 descriptor of it$/) as string,
      });
      using file = fds.memfd('file');
      await framed(sockets[1], jsonValues()).send(what === 'object' ? { x: file } : file);
      await failed;
    },
  );

  test.each([
    ['an answer to nobody', ['resolve', 5, ['bytes', 'FILE']]],
    ['an error to nobody', ['reject', 5, ['error', 'Error', 'x']]],
  ])('%s ends the session, and closes what came with it', async (_what, message) => {
    const session = new RpcSession(fdTransport(sockets[0]));
    const remote = session.getRemoteMain() as unknown as Remote;
    const failed = expect(plain(remote.make())).rejects.toMatchObject({
      code: 'ERR_FRAME_INVALID',
      message: expect.stringContaining('it answers call 5, which was not made') as string,
    });
    using file = fds.memfd('file');
    const sent = message.map((each) =>
      Array.isArray(each) ? each.map((part) => (part === 'FILE' ? file : part)) : each,
    );
    await framed(sockets[1], jsonValues()).send(sent);
    await failed;
  });
});
