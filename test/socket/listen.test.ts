import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { connect, type FdServer, type FdSocket, fds, listen } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { node, python, runDirectory } from '../support/children';
import { built } from '../support/built';
import { codeOf, destroyed, nextOf } from './sockets';

let where: string;
let count = 0;
beforeEach(() => {
  where = path.join(runDirectory(), `listen-${process.pid}-${count++}.sock`);
});
afterEach(() => fs.rmSync(where, { force: true, recursive: true }));

/** Connects to a server and takes the connection from it. */
function meet(server: FdServer, address: Parameters<typeof connect>[0]): Promise<[FdSocket, FdSocket]> {
  return Promise.all([connect(address), nextOf(server[Symbol.asyncIterator]())]);
}

/** A socket file that nobody listens at: its server died. */
function leaveStale(): void {
  fs.rmSync(where, { force: true });
  const server = `import socket; s = socket.socket(socket.AF_UNIX); s.bind(${JSON.stringify(where)}); s.listen()`;
  expect(spawnSync('python3', ['-c', server]).status).toBe(0);
}

it('listens at a path, accepts, and removes the path with close()', async () => {
  const server = await listen(where);
  expect(server.address).toEqual({ path: where });
  expect(server.listening).toBe(true);
  const [client, accepted] = await meet(server, where);
  expect(accepted.peerCredentials.pid).toBe(process.pid);
  await destroyed(client, accepted);
  await server.close();
  await server.close();
  expect(server.listening).toBe(false);
  expect(fs.existsSync(where)).toBe(false);
});

it.each([
  [undefined, 0o600],
  [0o666, 0o666],
  [0o770, 0o770],
])('mode %p gives the path %p, whatever the umask', async (mode, expected) => {
  const before = process.umask(0o022);
  try {
    await using server = await listen(mode === undefined ? { path: where } : { path: where, mode });
    expect(server.listening).toBe(true);
    expect(fs.statSync(where).mode & 0o777).toBe(expected);
  } finally {
    process.umask(before);
  }
});

it('refuses a path where a live server answers: EADDRINUSE, and that server goes on', async () => {
  await using server = await listen(where);
  expect(await codeOf(() => listen(where))).toBe('EADDRINUSE');
  const [client, accepted] = await meet(server, where);
  await destroyed(client, accepted);
});

it('refuses a path where a live server has a full backlog, and connect() waits for room there', async () => {
  await using child = python(
    `
import signal, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)
print('ready', flush=True); signal.pause()
`,
    { args: [where] },
  );
  await child.line();
  const client = await connect(where);
  const refused = await connect(where, { timeout: 1 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect', cause: { code: 'EAGAIN' } });
  expect(await codeOf(() => listen(where))).toBe('EADDRINUSE');
  await destroyed(client);
});

it('replaces a stale socket', async () => {
  leaveStale();
  await using server = await listen(where);
  const [client, accepted] = await meet(server, where);
  await destroyed(client, accepted);
});

it('of many servers that start together at a stale path, in two processes, exactly one wins', async () => {
  for (let round = 0; round < 5; round++) {
    leaveStale();
    const source = `
      const { listen } = require(${JSON.stringify(built())});
      Promise.allSettled(Array.from({ length: 8 }, () => listen(process.argv[1]))).then(async (results) => {
        const codes = results.map((r) => r.status === 'fulfilled' ? 'won' : r.reason.code);
        console.log(JSON.stringify(codes));
      });`;
    const children = [node(source, { args: [where] }), node(source, { args: [where] })];
    const codes = (await Promise.all(children.map((child) => child.line()))).flatMap(
      (line) => JSON.parse(line) as string[],
    );
    expect(codes.filter((code) => code === 'won')).toHaveLength(1);
    expect(codes.filter((code) => code === 'EADDRINUSE')).toHaveLength(15);
    for (const child of children) {
      child.kill();
      await child.finished;
    }
  }
});

it.each([
  ['a file', () => fs.writeFileSync(where, 'precious')],
  ['a directory', () => fs.mkdirSync(where)],
  ['a symbolic link', () => fs.symlinkSync('/nowhere', where)],
])('never removes %s: EADDRINUSE', async (_, make) => {
  make();
  expect(await codeOf(() => listen(where))).toBe('EADDRINUSE');
  expect(fs.lstatSync(where).isSocket()).toBe(false);
});

it('close() leaves a path alone that somebody else has taken over', async () => {
  const server = await listen(where);
  fs.rmSync(where);
  fs.writeFileSync(where, 'mine now');
  await server.close();
  expect(fs.readFileSync(where, 'utf8')).toBe('mine now');
});

it('reports what bind(2) and the address checks refuse', async () => {
  expect(await codeOf(() => listen(path.join(where, 'missing', 'x.sock')))).toBe('ENOENT');
  expect(await codeOf(() => listen('x'.repeat(200)))).toMatch(/ENAMETOOLONG|EINVAL/);
  expect(await codeOf(() => listen(''))).toBe('ERR_INVALID_ARG_VALUE');
  expect(await codeOf(() => listen('a\0b'))).toBe('ERR_INVALID_ARG_VALUE');
  expect(await codeOf(() => listen({ path: where, mode: -1 }))).toBe('ERR_OUT_OF_RANGE');
  expect(await codeOf(() => listen(where, { maxFdsPerFrame: -1 }))).toBe('ERR_OUT_OF_RANGE');
  expect(await codeOf(() => listen(where, { signal: AbortSignal.abort() }))).toBe('ABORT_ERR');
  expect(fs.existsSync(where)).toBe(false);
});

it('an abstract name', async () => {
  const abstract = `ancillary-test-${process.pid}`;
  await using server = await listen({ abstract });
  expect(server.address).toEqual({ abstract });
  expect(await codeOf(() => listen({ abstract }))).toBe('EADDRINUSE');
  const [client, accepted] = await meet(server, { abstract });
  await destroyed(client, accepted);
});

it('an inherited listening socket (LISTEN_FDS): serves, and leaves the path to whoever bound it', async () => {
  using manager = nativeBinding.socket();
  expect(nativeBinding.bind(manager, { path: where })).toBeUndefined();
  expect(nativeBinding.listen(manager, 5)).toBeUndefined();
  const child = node(
    `
    const { listen } = require(${JSON.stringify(built())});
    if (process.env.LISTEN_FDS !== '1') throw new Error('not activated');
    listen({ fd: 3 }).then(async (server) => {
      console.log(JSON.stringify(server.address));
      for await (const socket of server) { await socket.send('served'); socket.destroy(); break; }
      await server.close();
    });`,
    { descriptors: [manager.fd], env: { LISTEN_FDS: '1' } },
  );
  expect(JSON.parse(await child.line())).toEqual({ path: where });
  const client = await connect(where);
  const frame = await client.receive(6);
  expect(frame.bytes.toString()).toBe('served');
  await child.succeeded();
  expect(fs.existsSync(where)).toBe(true);
  await destroyed(client);
});

it('ERR_FD_KIND for an inherited descriptor that is not a listening Unix socket, which stays open', async () => {
  const memfd = fds.memfd('x').take();
  const tcp = net.createServer().listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  expect(await codeOf(() => listen({ fd: memfd }))).toBe('ERR_FD_KIND');
  const number = fds.describeFd(tcp).fd;
  expect(await codeOf(() => listen({ fd: number }))).toBe('ERR_FD_KIND');
  expect(fs.fstatSync(memfd).isFile()).toBe(true);
  fs.closeSync(memfd);
  tcp.close();
  await once(tcp, 'close');
});

it(`once('connection') accepts one; the next waits in the backlog, and close() resets it`, async () => {
  const server = await listen(where);
  const first = await connect(where);
  const second = await connect(where);
  const accepted = await new Promise<FdSocket>((resolve) => {
    server.once('connection', resolve);
  });
  let closes = 0;
  server.on('close', () => closes++);
  await server.close();
  expect(closes).toBe(1);
  expect(await codeOf(() => second.receive(1))).toBe('ECONNRESET');
  await accepted.send('x');
  expect((await first.receive(1)).bytes.toString()).toBe('x');
  await destroyed(accepted, first, second);
});

it('a server keeps the process running while it listens, even when nobody accepts, unless unref() lets it end', async () => {
  const source = `
    const { listen } = require(${JSON.stringify(built())});
    listen(process.argv[1]).then((server) => {
      if (process.argv[2] === 'unref') server.unref();
      console.log('listening');
    });`;
  await node(source, { args: [where, 'unref'] }).succeeded();
  await using child = node(source, { args: [where] });
  await child.line();
  // It answers although it has nothing else to do.
  await destroyed(await connect(where));
});

it('a signal closes the server and ends its loop', async () => {
  const controller = new AbortController();
  const server = await listen(where, { signal: controller.signal });
  const next = server[Symbol.asyncIterator]().next();
  controller.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(server.listening).toBe(false);
  expect(fs.existsSync(where)).toBe(false);
});
