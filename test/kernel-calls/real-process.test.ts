import { KernelError, MSG_OOB, MSG_PEEK, type ReceiveRequest } from '../../packages/binding-model/kernel';
import { kernelCalls } from './kernel-calls';
import { RealProcess } from './real-process';

const { pid } = process;
const own = { pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
const bytes = Buffer.from('bytes');

let calls: RealProcess;
let open: number[];
let a: number;
let b: number;
let files: number[];

beforeEach(() => {
  calls = new RealProcess();
  [a, b] = calls.socketpair('stream');
  files = ['one', 'two', 'three'].map((name) => calls.open(name));
  open = [a, b, ...files];
});

afterEach(() => {
  for (const fd of open) calls.close(fd);
});

/** Receives at `b`, and tells of descriptors what they are. */
function receive(request: Partial<ReceiveRequest> = {}) {
  const { fds, pidfd, ...rest } = calls.recvmsg(b, { size: 100, controlLength: 2000, ...request });
  open.push(...fds);
  if (pidfd !== undefined) open.push(pidfd);
  return {
    ...rest,
    bytes: Buffer.from(rest.bytes).toString(),
    files: fds.map((fd) => calls.identity(fd)),
    process: pidfd === undefined ? undefined : calls.identity(pidfd),
  };
}

function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof KernelError) return `${error.syscall} ${error.code}`;
    throw error;
  }
  return 'none';
}

describe('the running kernel by way of RealProcess', () => {
  it('delivers lists of descriptors as one, and stops there', () => {
    const [one = -1, two = -1] = files;
    expect(calls.sendmsg(a, { bytes, fds: [[one, b], [], [two]] })).toBe(5);
    calls.sendmsg(a, { bytes });
    expect(receive()).toMatchObject({ bytes: 'bytes', length: 5, truncated: false, files: ['one', 'socket 2', 'two'] });
    expect(calls.inq(b)).toBe(5);
    expect(calls.outq(a)).toBeGreaterThan(5);
  });

  it('counts the room for control messages to the byte', () => {
    const installed = [0, 15, 16, 19, 20, 23, 24, 27, 28].map((controlLength) => {
      calls.sendmsg(a, { bytes, fds: [files] });
      const got = receive({ controlLength });
      return [controlLength, got.files.length, got.truncated];
    });
    expect(installed).toEqual([
      ...[0, 15, 16, 19].map((room) => [room, 0, true]),
      ...[20, 23].map((room) => [room, 1, true]),
      ...[24, 27].map((room) => [room, 2, true]),
      [28, 3, false],
    ]);
  });

  it('tells credentials only when they are complete, before descriptors, and a pidfd after them', () => {
    for (const option of ['SO_PASSCRED', 'SO_PASSPIDFD'] as const) calls.setsockopt(b, option, 1);
    const seen = [27, 28, 32, 52, 56, 75, 76].map((controlLength) => {
      calls.sendmsg(a, { bytes, fds: [files.slice(0, 1)] });
      const got = receive({ controlLength });
      return [got.credentials, got.files.length, got.process, got.truncated];
    });
    expect(seen).toEqual([
      [undefined, 0, undefined, true],
      [own, 0, undefined, true],
      [own, 0, undefined, true],
      [own, 1, undefined, true],
      [own, 1, undefined, true],
      [own, 1, undefined, true],
      [own, 1, `process ${pid}`, false],
    ]);
  });

  it('sends the credentials it is given', () => {
    calls.setsockopt(b, 'SO_PASSCRED', 1);
    calls.sendmsg(a, { bytes, credentials: own, fds: [files] });
    expect(receive()).toMatchObject({ credentials: own, files: ['one', 'two', 'three'] });
  });

  it('installs nothing beyond the limit of descriptors', () => {
    const limit = kernelCalls.getrlimit();
    const highest = calls.open('the lowest free number');
    open.push(highest);
    calls.sendmsg(a, { bytes, fds: [files] });
    calls.setFdLimit(highest + 1);
    try {
      expect(failure(() => calls.dup(a))).toBe('dup EMFILE');
      expect(receive()).toMatchObject({ bytes: 'bytes', files: [], truncated: true });
    } finally {
      calls.setFdLimit(limit);
    }
  });

  it('knows flags, both ways', () => {
    calls.sendmsg(a, { bytes: Buffer.from('ab'), flags: MSG_OOB });
    expect(receive({ flags: MSG_PEEK })).toMatchObject({ bytes: 'a', outOfBand: false });
    expect(calls.poll(b)).toEqual({ in: true, out: true, pri: true, err: false, hup: false, rdhup: false });
    expect(receive({ flags: MSG_OOB })).toMatchObject({ bytes: 'b', outOfBand: true });
  });

  it('fails with the names that the manual pages use', () => {
    expect([
      failure(() => calls.recvmsg(b, { size: 1, controlLength: 0 })),
      failure(() => calls.sendmsg(a, { bytes, fds: [new Array<number>(254).fill(a)] })),
      failure(() => calls.sendmsg(a, { bytes: new Uint8Array(0), flags: MSG_OOB })),
      failure(() => calls.poll(1_000_000)),
      failure(() => calls.identity(1_000_000)),
      failure(() => calls.shutdown(files[0] ?? -1, 'SHUT_RD')),
    ]).toEqual([
      'recvmsg EAGAIN',
      'sendmsg EINVAL',
      'sendmsg EOPNOTSUPP',
      'poll EBADF',
      'fstat EBADF',
      'shutdown ENOTSOCK',
    ]);
  });

  it('gives a copy the identity of its original', () => {
    const copy = calls.dup(files[1] ?? -1);
    open.push(copy);
    expect(calls.identity(copy)).toBe('two');
  });
});
