import { OwnedFd } from '../../packages/binding';
import { start } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';
import { openEnds, part, quiet, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { linux } from './kernels';
import { received, SentFiles } from './sent-files';

// Where few numbers are left, descriptors wait in the kernel instead of being lost.

/** Far more numbers than a process must have for some to be held back. */
const SLOTS = 800;
/** Fewer than the eighth that is held back. */
const FEW = 20;
const BUNDLE = 253;

/** Runs something while the second process has so few numbers left. What it has too many of is in `hoard`. */
async function withFewNumbers(kernel: Kernel, left: number, run: (hoard: OwnedFd[]) => Promise<void>): Promise<void> {
  using file = kernel.open(1);
  const hoard: OwnedFd[] = [];
  await kernel.withFreeNumbers(SLOTS, 1, async () => {
    try {
      for (let made = 0; made < SLOTS - left; made++) hoard.push(file.dup());
      await run(hoard);
    } finally {
      OwnedFd.closeAll(hoard.splice(0));
    }
  });
}

onEach(linux, (test) => {
  test('descriptors wait until there are numbers, which is told, and come whole then', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    using files = new SentFiles(kernel, 2 * FEW);
    await withFewNumbers(kernel, FEW, async (hoard) => {
      ends.sender.socket.sendParts([part('plain'), part('x', files.numbers)]);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.putOffs.length > 0);
      await quiet();
      expect(told.fds).toEqual([]);
      expect(new Set(told.putOffs)).toEqual(new Set(['numbers']));
      OwnedFd.closeAll(hoard.splice(0));
      await until(() => told.text === 'plainx');
    });
    expect(told.segments.filter(({ truncated }) => truncated)).toEqual([]);
    expect(received(kernel, told.fds)).toEqual(files.identities);
  });

  test('they come also when the limit is raised', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    using files = new SentFiles(kernel, 1);
    using file = kernel.open(1);
    const hoard: OwnedFd[] = [];
    await kernel.withFreeNumbers(SLOTS, 1, async () => {
      for (let made = 0; made < SLOTS - FEW; made++) hoard.push(file.dup());
      ends.sender.socket.sendParts([part('x', files.numbers)]);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.putOffs.length > 0);
    });
    await until(() => told.text === 'x');
    OwnedFd.closeAll(hoard);
    expect(received(kernel, told.fds)).toEqual(files.identities);
  });

  test('what has no descriptors is read all the same, to the end', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    await withFewNumbers(kernel, FEW, async () => {
      ends.sender.socket.sendParts([part('plain')]);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.text === 'plain');
      ends.sender.socket.close();
      await until(() => told.end !== undefined);
    });
    expect([told.end, told.putOffs]).toEqual(['eof', []]);
  });

  test('and so is that the peer left with bytes unread', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    await withFewNumbers(kernel, FEW, async () => {
      socket.sendParts([part('unread')]);
      ends.sender.socket.sendParts([part('last words')]);
      ends.sender.socket.close();
      socket.allowReading(Infinity, Infinity);
      await until(() => told.end !== undefined);
    });
    expect([told.text, told.end, told.putOffs]).toEqual(['last words', { error: 'ECONNRESET' }, []]);
  });

  test('while there is room for one message, one is read and the next one waits', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    using files = new SentFiles(kernel, BUNDLE);
    await withFewNumbers(kernel, BUNDLE + FEW, async () => {
      ends.sender.socket.sendParts([part('a', files.numbers), part('b', files.numbers)]);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.putOffs.length > 0);
      expect([told.text, received(kernel, told.fds)]).toEqual(['a', files.identities]);
      OwnedFd.closeAll(told.fds);
      await until(() => told.text === 'ab');
    });
    expect(received(kernel, told.segments[1]?.fds ?? [])).toEqual(files.identities);
  });

  test('nothing comes after close(), and what waited is closed', async (kernel) => {
    using ends = openEnds(kernel);
    const { socket, told } = ends.receiver;
    using files = new SentFiles(kernel, 1);
    await withFewNumbers(kernel, FEW, async (hoard) => {
      ends.sender.socket.sendParts([part('x', files.numbers)]);
      socket.allowReading(Infinity, Infinity);
      await until(() => told.putOffs.length > 0);
      socket.close();
      const before = told.putOffs.length;
      OwnedFd.closeAll(hoard.splice(0));
      await quiet();
      expect([told.putOffs.length - before, told.text, told.end]).toEqual([0, '', undefined]);
    });
  });
});

const LIMIT = 700;

test.each([
  [
    'the kernel',
    `const { nativeBinding } = require(packages + '/binding-native');
    const bindings = [nativeBinding, nativeBinding];
    const pairs = [nativeBinding.socketpair(), nativeBinding.socketpair()];`,
  ],
  [
    'the model',
    `const { ModelWorld } = require(packages + '/binding-model');
    const world = new ModelWorld({ seed: 1, fdLimit: ${LIMIT} });
    const { bindings } = world;
    const pairs = [world.socketpair(), world.socketpair()];`,
  ],
])('on %s, it is said once that sockets wait', async (_name, kernel) => {
  const program = `
    const packages = ${JSON.stringify(`${plainJavaScript()}/..`)};
    const { OwnedFd } = require(packages + '/binding');
    ${kernel}
    const warnings = [];
    process.on('warning', ({ code }) => warnings.push(code));
    const [, receiver] = bindings;
    const came = [];
    let waiting = 0;
    const eventsOf = () => {
      let told = false;
      return {
        inbox: { deliver: (segments) => came.push(...segments.flatMap(({ fds }) => fds)) },
        putOff: () => { if (!told) waiting++; told = true; },
      };
    };
    const hoard = [];
    const handles = pairs.map(([a, b]) => [bindings[0].open(a, eventsOf()), receiver.open(b, eventsOf())]);
    const [first] = bindings[0].socketpair();
    const [other, another] = receiver.socketpair();
    try {
      for (;;) hoard.push(other.dup());
    } catch {}
    OwnedFd.closeAll(hoard.splice(0, 30));
    for (const [sending, reading] of handles) {
      sending.sendParts([{ bytes: Buffer.from('x'), fds: [first.fd] }]);
      reading.allowReading(9, 9);
    }
    (async () => {
      const until = async (condition) => { while (!condition()) await new Promise(setImmediate); };
      await until(() => waiting === 2);
      OwnedFd.closeAll(hoard);
      await until(() => came.length === 2);
      console.log(warnings.join());
      process.exit();
    })();`;
  const child = start('sh', ['-c', `ulimit -n ${LIMIT} && exec "$0" -e "$1"`, process.execPath, program]);
  expect((await child.succeeded()).stdout).toBe('ANCILLARY_FEW_DESCRIPTORS\n');
});
