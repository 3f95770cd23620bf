import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { start } from '../support/children';
import { headers, root } from './npm';
import { Uncompiled } from './uncompiled';

// Where no binary fits, everything but real sockets works, and those say what is to be done.

let here: Uncompiled;

beforeEach(() => {
  here = new Uncompiled();
});

afterEach(() => {
  here[Symbol.dispose]();
});

/** What a socketpair() fails with; null where there is one. */
const TRY = `
  let told = null;
  try {
    for (const socket of require('ancillary').socketpair()) socket.destroy();
  } catch (error) {
    const { name, code, message, cause } = error;
    told = { name, code, message, cause: cause === undefined ? null : String(cause) };
  }
  tell(told);`;

interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly cause: string | null;
}

const command = () => `npx node-gyp@12 rebuild --directory "${here.native}"`;

const elsewhere: Record<string, (native: string) => string> = {
  'darwin-arm64': () =>
    'the addon is written for Linux. darwin passes descriptors in another way, and they would get to the wrong bytes, so nothing can be compiled.',
  'win32-x64': () => 'Windows has no sockets that carry descriptors, so nothing can be compiled.',
  'freebsd-x64': () =>
    'the addon is written for Linux. freebsd passes descriptors in another way, and they would get to the wrong bytes, so nothing can be compiled.',
  'linux-riscv64': () =>
    `there is no prebuilt binary for linux-riscv64, only for linux-x64 and linux-arm64. To compile one, with a C++17 compiler, make and Python 3: ${command()}`,
  'linux-x64': (native) =>
    `${native}/prebuilds/linux-x64 has no binary. If a bundler moved this code, keep 'ancillary' external. To compile one, with a C++17 compiler, make and Python 3: ${command()}`,
};

describe.each(Object.entries(elsewhere))('on %s without a binary', (as, why) => {
  test('every entry point can be imported, and the model works in full', async () => {
    const told = await here.run(
      `const names = ['ancillary', 'ancillary/codec', 'ancillary/dbus', 'ancillary/rpc', 'ancillary/rpc/vscode-jsonrpc', 'ancillary/rpc/birpc', 'ancillary/rpc/comlink', 'ancillary/rpc/capnweb', 'ancillary/proxy', 'ancillary/dbus-native', 'ancillary/x11', 'ancillary/usocket', 'ancillary/http', 'ancillary/testing', 'ancillary/model'];
      const empty = names.filter((name) => Object.keys(require(name)).length === 0);
      const { AncillaryError, handoff, OwnedFd } = require('ancillary');
      const { lengthPrefixed } = require('ancillary/codec');
      const { framed } = require('ancillary/rpc');
      const testing = require('ancillary/testing');
      (async () => {
        const pair = testing.modelSocketPair({ seed: 1 });
        const { world } = pair;
        const file = world.open('file');
        const isFile = (fd) => world.identity(fd.fd) === 'file';
        const [left, right] = pair.map((socket) => framed(socket, lengthPrefixed()));
        await left.send({ bytes: Buffer.from('hello'), fds: [file] });
        let message;
        for await (const { bytes, fds } of right) {
          message = [bytes.toString(), fds.map(isFile)];
          OwnedFd.closeAll(fds);
          break;
        }

        const sent = handoff.sendFd(left.socket, file, { acknowledge: true });
        const received = await handoff.receiveFd(right.socket, { acknowledge: true });
        await sent;
        const handed = isFile(received);
        received.close();
        await Promise.all([left.close(), right.close()]);
        file.close();
        const same = AncillaryError === testing.AncillaryError && OwnedFd === testing.OwnedFd;
        tell({ empty, message, handed, open: world.openDescriptors(), same });
      })();`,
      { as },
    );
    expect(told).toEqual({
      empty: [],
      message: ['hello', [true]],
      handed: true,
      open: [[], []],
      same: true,
    });
  });

  test('each first use of a real socket or descriptor says why it cannot be', async () => {
    const told = (await here.run(
      `const { adopt, AncillaryError, connect, fds, listen, OwnedFd, raw, socketpair } = require('ancillary');
      const uses = {
        'socketpair()': () => socketpair(),
        'connect()': () => connect('/none'),
        'connect(abstract)': () => connect({ abstract: 'none' }),
        'listen()': () => listen('socket'),
        'listen(abstract)': () => listen({ abstract: 'none' }),
        'listen(fd)': () => listen({ fd: 0 }),
        'adopt()': () => adopt(0),
        'OwnedFd.adopt()': () => OwnedFd.adopt(0),
        'fds.pipe()': () => fds.pipe(),
        'fds.memfd()': () => fds.memfd('name'),
        'fds.dup()': () => fds.dup(0),
        'fds.describeFd()': () => fds.describeFd(0),
        'fds.toSocket()': () => fds.toSocket(0),
        'fds.toServer()': () => fds.toServer(0),
        'fds.toReadStream()': () => fds.toReadStream(0),
        'fds.toWriteStream()': () => fds.toWriteStream(0),
        'raw.sendMessage()': () => raw.sendMessage(0, Buffer.from('x')),
        'raw.receiveMessage()': () => raw.receiveMessage(0, Buffer.alloc(1)),
      };
      (async () => {
        const told = {};
        for (const [name, use] of Object.entries(uses)) {
          const promised = ['connect', 'listen'].includes(name.split('(')[0]);
          try {
            const result = use();
            if (promised) await result.then(() => { told[name] = 'succeeded'; });
            else told[name] = 'returned ' + result;
          } catch (error) {
            told[name] = error instanceof AncillaryError ? error.code + ' ' + error.message : String(error.stack);
          }
        }
        tell(told);
      })();`,
      { as },
    )) as Record<string, string>;
    const expected = `ERR_FD_PLATFORM ancillary cannot use sockets here: ${why(here.native)}`;
    expect(told).toEqual(Object.fromEntries(Object.keys(told).map((name) => [name, expected])));
    expect(Object.keys(told)).toHaveLength(18);
    // listen() left nothing where it should have been.
    expect(readdirSync(here.directory)).toEqual(['node_modules']);
  });
});

const ours = `${process.platform}-${process.arch}`;

describe('on a platform that has a prebuilt binary', () => {
  test('one that does not load: what the loader says is told, and how to compile another', async () => {
    for (const libc of ['glibc', 'musl']) here.put(`prebuilds/${ours}/ancillary.${libc}.node`, 'this is no program\n');
    const { name, code, message, cause } = (await here.run(TRY)) as Failure;
    expect({ name, code }).toEqual({ name: 'AncillaryError', code: 'ERR_FD_PLATFORM' });
    expect(cause).toMatch(/^Error: .*ancillary\.glibc\.node/);
    expect(message).toBe(
      `ancillary cannot use sockets here: its binary prebuilds/${ours}/ancillary.glibc.node does not load: ${cause}. To compile one, with a C++17 compiler, make and Python 3: ${command()}`,
    );
  });

  test('the one for another libc is loaded where the first does not load', async () => {
    here.put(`prebuilds/${ours}/ancillary.glibc.node`, 'this is no program\n');
    here.putBuild(`prebuilds/${ours}/ancillary.musl.node`);
    expect(await here.run(TRY)).toBeNull();
  });

  test('the one for another libc is loaded where it is the only one', async () => {
    here.putBuild(`prebuilds/${ours}/ancillary.musl.node`);
    expect(await here.run(TRY)).toBeNull();
  });

  test('what was compiled is loaded before what came with the package', async () => {
    here.put(`prebuilds/${ours}/ancillary.glibc.node`, 'this is no program\n');
    here.putBuild('build/Release/ancillary.node');
    expect(await here.run(TRY)).toBeNull();
  });
});

test('what was compiled is not loaded where descriptors would reach wrong bytes', async () => {
  here.putBuild('build/Release/ancillary.node');
  for (const as of ['darwin-arm64', 'freebsd-x64']) {
    expect(await here.run(TRY, { as })).toMatchObject({ code: 'ERR_FD_PLATFORM' });
  }
  expect(await here.run(TRY)).toBeNull();
});

test('the command that is told compiles the addon', async () => {
  const { message } = (await here.run(TRY)) as Failure;
  const [, told = ''] = /: npx node-gyp@12 (.*)$/.exec(message) ?? [];
  // As npm installs it.
  here.take('node_modules/node-addon-api', 'node_modules/node-addon-api');
  const command = `exec "$0" "$1" ${told}`;
  const args = ['-c', command, process.execPath, path.join(root, 'node_modules/node-gyp/bin/node-gyp.js')];
  const env = { ...headers(), JOBS: 'max' };
  await start('sh', args, { cwd: here.directory, env }).succeeded();
  expect(existsSync(path.join(here.native, 'build/Release/ancillary.node'))).toBe(true);
  expect(await here.run(TRY)).toBeNull();
});
