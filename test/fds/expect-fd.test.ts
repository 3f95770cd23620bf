import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { give, rpc } from '../../packages/rpc';
import { python } from '../support/children';
import { codeOf, destroyed } from '../socket/sockets';

type Demands = fds.FdDemands;

/** What it says where the demands are not met; undefined where they are. */
function refusal(fd: OwnedFd, demands: Demands): string | undefined {
  try {
    fds.expectFd(fd, demands);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: 'AncillaryError', code: 'ERR_FD_KIND' });
    return (error as Error).message;
  }
}

it('returns what the descriptor is, and leaves it as it was', () => {
  using memory = fds.memfd('memory', Buffer.from('data'), { seal: true });
  const demands: Demands = {
    kind: 'memfd',
    sealed: ['shrink', 'write'],
    access: 'read',
    size: 4,
  };
  expect(fds.expectFd(memory, demands)).toEqual(fds.describeFd(memory));
  expect(memory.closed).toBe(false);
});

it('what it says has the descriptor, what it is, each demand that is not met, and whose it is', () => {
  using memory = fds.memfd('mine', Buffer.from('data'));
  fds.seal(memory, ['shrink']);
  expect(refusal(memory, { kind: ['memfd', 'file'], sealed: ['shrink', 'write', 'grow'], size: { min: 10n } })).toBe(
    `descriptor ${memory.fd} is a memfd (/memfd:mine (deleted)), not sealed with write, grow, and of 4 bytes, which are fewer ` +
      'than 10; it is still open and yours',
  );
  expect(refusal(memory, { kind: ['pipe', 'eventfd'], sealed: ['write'] })).toBe(
    `descriptor ${memory.fd} is a memfd (/memfd:mine (deleted)), and not a pipe or eventfd; it is still open and yours`,
  );
  expect(memory.closed).toBe(false);
});

it.each<unknown>([0, 19, '19', { fd: 0 }, null, undefined])(
  '%p is no descriptor that came, whatever has the number here, and is left as it is',
  (fd) => {
    expect(() => fds.expectFd(fd as OwnedFd, { access: 'read' })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining('OwnedFd') as string,
      }) as Error,
    );
  },
);

it('a peer that sends a number of ours where a descriptor should be is refused, and reads nothing', async () => {
  const ours = fs.openSync('/etc/hostname', 'r');
  const [left, right] = socketpair();
  const server = rpc(left, {
    size({ file }: { file: OwnedFd }) {
      const { size } = fds.expectFd(file, { kind: 'file', access: 'read' });
      return Number(size);
    },
  });
  const client = rpc(right);
  const wrong = { file: ours as unknown as OwnedFd };
  await expect(client.call('size', wrong)).rejects.toThrow('fd is an OwnedFd');
  await expect(client.call('size', { file: ours === 0 ? 1 : ours })).rejects.toThrow('of this process');
  expect(await client.call('size', { file: give(fs.openSync('/etc/hostname', 'r')) as never })).toBe(
    fs.fstatSync(ours).size,
  );
  fs.closeSync(ours);
  await client.close();
  await server.close();
});

it('a name that its maker chose cannot write to a terminal', () => {
  using memory = fds.memfd('a\x1b[2Jb');
  expect(refusal(memory, { kind: 'pipe' })).not.toContain('\x1b');
});

describe('seals', () => {
  it.each<[fds.Seal[], fds.Seal[], boolean]>([
    [['shrink', 'write'], ['shrink', 'write'], true],
    [['shrink', 'write', 'grow', 'seal'], ['write'], true],
    [['shrink'], ['shrink', 'write'], false],
    [['future-write'], ['future-write'], true],
    [['write'], ['future-write'], true],
    [['future-write'], ['write'], false],
    [[], [], true],
    [[], ['seal'], false],
  ])('of %p: %p are there: %p', (seals, sealed, there) => {
    using memory = fds.memfd('memory', 10);
    fds.seal(memory, seals);
    expect(refusal(memory, { kind: 'memfd', sealed }) === undefined).toBe(there);
  });

  it('what is no memfd has none, whatever it is called', async () => {
    const [reading, writing] = fds.pipe();
    expect(refusal(reading, { sealed: ['write'] })).toMatch(/is a pipe .* not sealed with write/);
    reading.close();
    writing.close();
    // Sealed in fact, but anybody who may mount a tmpfs makes such (docs/kernel.md 51).
    const forged = OwnedFd.adopt(fs.openSync(path.join(os.tmpdir(), `memfd:forged-${process.pid}`), 'w+'));
    expect(refusal(forged, { kind: 'memfd' })).toMatch(/is a file .*, and not a memfd/);
    forged.close();
    fs.rmSync(path.join(os.tmpdir(), `memfd:forged-${process.pid}`));
    expect(await codeOf(() => fds.expectFd(forged, { kind: 'memfd' }))).toBe('ERR_FD_CLOSED');
  });
});

describe('access', () => {
  const file = path.join(os.tmpdir(), `ancillary-expect-${process.pid}`);
  beforeAll(() => fs.writeFileSync(file, 'text'));
  afterAll(() => fs.rmSync(file));

  it.each<[string | number, Demands['access'], boolean]>([
    ['r', 'read', true],
    ['r', 'write', false],
    ['r', 'read-write', false],
    ['r', 'path', false],
    ['a', 'write', true],
    ['a', 'read', false],
    ['r+', 'read', true],
    ['r+', 'write', true],
    ['r+', 'read-write', true],
    [0o10000000, 'path', true],
    [0o10000000, 'read', false],
  ])('opened with %p, %p is met: %p', (flags, access, met) => {
    using fd = OwnedFd.adopt(fs.openSync(file, flags));
    const message = refusal(fd, { access });
    expect(message === undefined).toBe(met);
    if (flags === 0o10000000 && !met) expect(message).toContain('opened with O_PATH, which opens no content');
  });

  it('what was opened with O_PATH meets no other demand by itself', () => {
    using fd = OwnedFd.adopt(fs.openSync(file, 0o10000000));
    expect(refusal(fd, { kind: 'file' })).toContain('O_PATH');
    expect(refusal(fd, { kind: 'file', access: 'path' })).toBeUndefined();
  });
});

it.each<[Demands['size'], boolean]>([
  [10, true],
  [10n, true],
  [9, false],
  [11n, false],
  [{ min: 10, max: 10n }, true],
  [{ min: 11 }, false],
  [{ max: 9n }, false],
  [{ max: 2 ** 40 }, true],
])('a size of 10 meets %p: %p', (size, met) => {
  using memory = fds.memfd('memory', 10);
  expect(refusal(memory, { size }) === undefined).toBe(met);
});

it('a pipe has no size', () => {
  const [reading, writing] = fds.pipe();
  expect(refusal(reading, { size: { min: 0 } })).toContain('which has no size');
  reading.close();
  writing.close();
});

it('a socket listens, or does not', async () => {
  const [left, right] = socketpair();
  using copy = fds.dup(left);
  expect(refusal(copy, { kind: 'unix-socket', listening: false })).toBeUndefined();
  expect(refusal(copy, { kind: 'unix-socket', listening: true })).toContain('which is not listening');
  using memory = fds.memfd('memory');
  expect(refusal(memory, { listening: true })).toContain('which is not listening');
  await destroyed(left, right);
});

it.each<[unknown, string]>([
  [{}, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: undefined, sealed: undefined }, 'ERR_INVALID_ARG_VALUE'],
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  ['memfd', 'ERR_INVALID_ARG_TYPE'],
  [{ seals: ['write'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: 'memory' }, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: 'toString' }, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: [] }, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: [undefined] }, 'ERR_INVALID_ARG_VALUE'],
  [{ kind: null }, 'ERR_INVALID_ARG_VALUE'],
  [{ sealed: 'write' }, 'ERR_INVALID_ARG_TYPE'],
  [{ sealed: ['writes'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ sealed: new Array(1) }, 'ERR_INVALID_ARG_VALUE'],
  [{ access: 'rw' }, 'ERR_INVALID_ARG_VALUE'],
  [{ size: '10' }, 'ERR_INVALID_ARG_TYPE'],
  [{ size: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ size: 1.5 }, 'ERR_OUT_OF_RANGE'],
  [{ size: NaN }, 'ERR_OUT_OF_RANGE'],
  [{ size: {} }, 'ERR_INVALID_ARG_VALUE'],
  [{ size: null }, 'ERR_INVALID_ARG_TYPE'],
  [{ size: { least: 1 } }, 'ERR_INVALID_ARG_VALUE'],
  [{ size: { min: 2, max: 1 } }, 'ERR_OUT_OF_RANGE'],
  [{ listening: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
])('%p is refused, as what it means would not be checked', async (demands, code) => {
  using memory = fds.memfd('memory');
  expect(await codeOf(() => fds.expectFd(memory, demands as Demands))).toBe(code);
});

it.each<[unknown, string]>([
  [undefined, "demands, such as { kind: 'memfd' }, is an object, not undefined"],
  [{}, "expectFd() has no demand, such as { kind: 'memfd' }; there is kind, access, sealed, size, listening"],
  [
    { seals: [] },
    "expectFd() has no demand 'seals'. Did you mean 'sealed'? There is kind, access, sealed, size, listening",
  ],
  [{ size: null }, 'size is a number of bytes, a whole one from 0 up or a bigint, or { min, max }, not null'],
  [{ size: [1] }, 'size, unless it is a number, is an object, not an instance of Array'],
  [{ size: { most: 1 } }, "size has no bound 'most'. There is min, max"],
])('of %p it says what is expected', (demands, message) => {
  using memory = fds.memfd('memory');
  expect(() => fds.expectFd(memory, demands as Demands)).toThrow(expect.objectContaining({ message }) as Error);
});

it('what a peer sends is trusted by it alone, and closed where it is not', async () => {
  const [ours, theirs] = socketpair({ child: true });
  await using peer = python(
    `
import array, fcntl, os, socket
s = socket.socket(fileno=3)
for seals in (0x0008 | 0x0002, 0):  # F_SEAL_WRITE, F_SEAL_SHRINK
    fd = os.memfd_create('document', os.MFD_ALLOW_SEALING)
    os.write(fd, b'text')
    fcntl.fcntl(fd, 1033, seals)
    s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
`,
    { descriptors: [theirs.fd] },
  );
  theirs.close();
  const seen: unknown[] = [];
  for (let each = 0; each < 2; each++) {
    const frame = await ours.receive(1);
    const [memory] = frame.fds;
    if (memory === undefined) throw new Error('nothing came');
    try {
      fds.expectFd(memory, { kind: 'memfd', sealed: ['shrink', 'write'], size: { max: 100 } });
      seen.push(fs.readFileSync(`/proc/self/fd/${memory.fd}`, 'utf8'));
    } catch (error) {
      seen.push((error as NodeJS.ErrnoException).code);
    } finally {
      frame.close();
    }
    expect(memory.closed).toBe(true);
  }
  expect(seen).toEqual(['text', 'ERR_FD_KIND']);
  await peer.succeeded();
  await destroyed(ours);
});
