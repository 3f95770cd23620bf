import path from 'node:path';
import { node } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

// 'ancillary/testing' by itself, in a process that has no addon.

const packages = path.dirname(plainJavaScript());

/** A program that has `modelSocketPair` and more of 'ancillary/testing', and says what it loaded when it ends. */
function program(source: string): string {
  return `
    const { modelSocketPair, OwnedFd, AncillaryError } = require(${JSON.stringify(`${packages}/ancillary/testing.js`)});
    const { lengthPrefixed } = require(${JSON.stringify(`${packages}/codec`)});
    const { framed } = require(${JSON.stringify(`${packages}/rpc`)});
    const print = (value) => console.log(JSON.stringify(value));
    ${source}`;
}

const REPORT_ADDONS = `
  process.on('exit', () => print({
    addons: process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node')).length,
    modules: Object.keys(require.cache).filter((file) => /binding-native|node-gyp-build|[.]node$/.test(file)).length,
  }));`;

const CONVERSATION = `
  async function converse() {
    const pair = modelSocketPair({ seed: 7, faults: 0.3 });
    const [client, server] = pair.map((socket) => framed(socket, lengthPrefixed()));
    const serving = (async () => {
      for await (const { bytes, fds } of server) {
        await server.send({ bytes: Buffer.from('re: ' + bytes), fds });
        OwnedFd.closeAll(fds);
      }
      await server.close();
    })();
    const file = pair.world.open('file');
    await client.send({ bytes: Buffer.from('question'), fds: [file] });
    file.close();
    for await (const { bytes, fds } of client) {
      print([bytes.toString(), fds.map((fd) => pair.world.identity(fd))]);
      OwnedFd.closeAll(fds);
      break;
    }
    await client.close();
    await serving;
    print(pair.world.openDescriptors());
  }`;

async function lines(source: string): Promise<unknown[]> {
  const { stdout, stderr } = await node(program(source)).succeeded();
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('it serves model descriptors without loading the addon, and the process ends by itself', async () => {
  expect(await lines(`${REPORT_ADDONS} ${CONVERSATION} converse();`)).toEqual([
    ['re: question', ['file']],
    [[], []],
    { addons: 0, modules: 0 },
  ]);
});

test('the same check sees the addon once ancillary is imported', async () => {
  const [report] = await lines(`${REPORT_ADDONS} require(${JSON.stringify(`${packages}/ancillary`)});`);
  expect(report).toMatchObject({ addons: 1, modules: expect.any(Number) as number });
  expect((report as { modules: number }).modules).toBeGreaterThan(1);
});

test('a real descriptor is refused with a TypeError, and nothing is sent, closed or destroyed', async () => {
  const source = `
    const fs = require('node:fs');
    (async () => {
      const pair = modelSocketPair({ seed: 1 });
      const [a, b] = pair;
      const handle = await fs.promises.open('/dev/null');
      const file = pair.world.open('file');
      for (const transfer of [false, true]) {
        for (const fds of [[handle], [file, handle.fd], [0]]) {
          await a.send('x', fds, { transfer }).catch((error) => print([error.name, error.message]));
        }
      }
      print([fs.fstatSync(handle.fd).isCharacterDevice(), file.closed, a.destroyed, pair.world.timeline.length]);
      await handle.close();
      await a.send('y', [file], { transfer: true });
      const frame = await b.receive(1);
      print([frame.bytes.toString(), frame.fds.map((fd) => pair.world.identity(fd))]);
      frame.close();
      try {
        OwnedFd.adopt(0);
      } catch (error) {
        print([error instanceof AncillaryError, error.code, error.message]);
      }
      for (const socket of pair) socket.destroy();
      print(pair.world.openDescriptors());
    })();`;
  const printed = await lines(source);
  const refusals = printed.splice(0, 6) as [string, string][];
  for (const [name, message] of refusals) {
    expect(name).toBe('TypeError');
    expect(message).toMatch(
      /^descriptor \d+ is one of this process, and not of the model\. Open one in the model with world\.open\(\), or import 'ancillary' as well, and real ones can be sent\. Nothing was sent or closed$/,
    );
  }
  expect(refusals[2]?.[1]).toContain('descriptor 0 ');
  expect(printed).toEqual([
    [true, false, false, 0],
    ['y', ['file']],
    [true, 'ERR_FD_KIND', "descriptors of this process can be used only once 'ancillary' is imported"],
    [[], []],
  ]);
});

test.each([
  ['sockets that nobody uses', 'modelSocketPair();'],
  ['a read that waits for ever', 'modelSocketPair({ seed: 1 })[0].receive(1);'],
  ['listeners that wait for ever', "for (const each of modelSocketPair({ seed: 1 })) each.ref().on('data', () => {});"],
  ['a write that nobody reads', 'modelSocketPair({ seed: 1, sndbuf: 4608 })[0].write(Buffer.alloc(100000));'],
  [
    'descriptors that wait for their turn after the socket was destroyed',
    `const pair = modelSocketPair({ seed: 1, faults: { rate: 1, what: ['etoomanyrefs'] } });
     pair[0].send('x', [pair.world.open('file')], { transfer: true }).catch(() => undefined);
     pair[0].destroy();`,
  ],
])('the process ends by itself with %s', async (_name, source) => {
  const { stdout, stderr } = await node(program(source)).succeeded();
  expect([stdout, stderr]).toEqual(['', '']);
});

test('a descriptor of the model that is forgotten is closed and reported like a real one', async () => {
  const source = `
    const pair = modelSocketPair({ seed: 1 });
    process.on('warning', ({ code, message }) => print([code, message, pair.world.openDescriptors()[0].includes('file')]));
    (() => { pair.world.open('file'); })();
    setImmediate(async () => {
      for (let turn = 0; turn < 100; turn++) {
        globalThis.gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const socket of pair) socket.destroy();
    });`;
  const { stdout } = await node(`require('node:v8').setFlagsFromString('--expose-gc');
    globalThis.gc = require('node:vm').runInNewContext('gc');
    ${program(source)}`).succeeded();
  expect(JSON.parse(stdout)).toEqual([
    'ANCILLARY_LEAK',
    expect.stringMatching(/^descriptor 200000\d \(file\) became garbage without being closed; it is closed now$/),
    false,
  ]);
});
