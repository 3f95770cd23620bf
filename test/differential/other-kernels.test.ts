import {
  KernelModel,
  type KernelName,
  MSG_OOB,
  MSG_PEEK,
  type ModelProcess,
} from '../../packages/binding-model/kernel';
import { attempt } from '../kernel/pair';

// What the model says of kernels that there are none of here to compare it with (docs/kernel.md 24).

const BSD = ['bsd', 'darwin'] as const;
const AMPLE = 2000;

type Received = [text: string, fds: number, truncated: boolean];

/** Two connected stream sockets of one process, and a file to send. */
class Ends {
  readonly process: ModelProcess;
  readonly sender: number;
  readonly receiver: number;
  readonly file: number;
  /** No descriptor refers to the file any more, neither in the process nor in flight. */
  released = false;

  constructor(kernel: KernelName, options: { readonly inFlightLimit?: number } = {}) {
    this.process = new KernelModel({ kernel, ...options }).process();
    [this.sender, this.receiver] = this.process.socketpair('stream');
    this.file = this.process.open('file', () => (this.released = true));
  }

  /** Bytes taken, or the errno's name. */
  send(text: string, fds: number | readonly number[] = 0, flags = 0): number | string {
    const list = typeof fds === 'number' ? this.copies(fds) : fds;
    const message = { bytes: Buffer.from(text), flags, ...(list.length > 0 && { fds: [list] }) };
    return attempt(() => this.process.sendmsg(this.sender, message));
  }

  /** The bytes, how many descriptors came with them, and whether some were lost; the descriptors are closed. */
  receive(size = 100, controlLength = AMPLE, flags = 0): Received | string {
    return attempt((): Received => {
      const { bytes, fds, truncated } = this.process.recvmsg(this.receiver, { size, controlLength, flags });
      for (const fd of fds) this.process.close(fd);
      return [Buffer.from(bytes).toString(), fds.length, truncated];
    });
  }

  copies(count: number): number[] {
    return Array<number>(count).fill(this.file);
  }

  get open(): number {
    return this.process.descriptors().length;
  }
}

describe.each(BSD)('%s', (kernel) => {
  test('24: a read that has bytes stops before descriptors, and the next one begins with them and goes on', () => {
    const ends = new Ends(kernel);
    ends.send('AAA');
    ends.send('B', 1);
    ends.send('CCC');
    ends.send('D', 1);
    expect([ends.receive(), ends.receive(), ends.receive(), ends.receive()]).toEqual([
      ['AAA', 0, false],
      ['BCCC', 1, false],
      ['D', 1, false],
      'EAGAIN',
    ]);
  });

  test('24: a peek that has bytes stops there too, and one that has none brings no copies', () => {
    const ends = new Ends(kernel);
    ends.send('AAA');
    ends.send('B', 1);
    expect(ends.receive(100, AMPLE, MSG_PEEK)).toEqual(['AAA', 0, false]);
    expect(ends.receive(3)).toEqual(['AAA', 0, false]);
    expect(ends.receive(100, AMPLE, MSG_PEEK)).toEqual(['B', 0, false]);
    expect(ends.receive()).toEqual(['B', 1, false]);
  });

  test('24: where a number is missing recvmsg fails with EMSGSIZE, all descriptors are lost, and the bytes stay', () => {
    const ends = new Ends(kernel);
    ends.send('A', 3);
    ends.process.close(ends.file);
    const open = ends.open;
    expect(ends.process.withFreeNumbers(2, () => ends.receive())).toBe('EMSGSIZE');
    expect([ends.open, ends.released]).toEqual([open, true]);
    expect(ends.receive()).toEqual(['A', 0, false]);
  });

  test('24: with exactly as many numbers as descriptors all are delivered', () => {
    const ends = new Ends(kernel);
    ends.send('A', 3);
    expect(ends.process.withFreeNumbers(3, () => ends.receive())).toEqual(['A', 3, false]);
  });

  test('each control message has 254 descriptors at most; FreeBSD takes several of them, macOS one', () => {
    const ends = new Ends(kernel);
    const [tooMany, several] = kernel === 'bsd' ? ['EMSGSIZE', 1] : ['EINVAL', 'EINVAL'];
    expect([ends.send('A', 255), ends.send('A', 254)]).toEqual([tooMany, 1]);
    const fds = [ends.copies(254), ends.copies(254)];
    expect(attempt(() => ends.process.sendmsg(ends.sender, { bytes: Buffer.from('B'), fds }))).toBe(several);
  });

  test('descriptors travel without bytes', () => {
    const ends = new Ends(kernel);
    expect(ends.send('', 1)).toBe(0);
    expect(ends.receive(0)).toEqual(['', 1, false]);
    ends.send('A');
    ends.send('', 1);
    ends.send('B');
    expect(ends.receive(100, AMPLE, MSG_PEEK)).toEqual(['A', 0, false]);
    expect([ends.receive(), ends.receive()]).toEqual([
      ['A', 0, false],
      ['B', 1, false],
    ]);
  });

  test('room is counted in bytes, and free again as they are read', () => {
    const ends = new Ends(kernel);
    expect(ends.process.getsockopt(ends.sender, 'SO_SNDBUF')).toBe(8192);
    expect(ends.send('x'.repeat(9000))).toBe(8192);
    expect(ends.process.outq(ends.sender)).toBe(8192);
    ends.receive(2047);
    expect(ends.process.outq(ends.sender)).toBe(6145);
    // Less than the low-water mark is no room for more than that.
    expect([ends.send('y'.repeat(2048)), ends.send('y'.repeat(2047))]).toEqual(['EAGAIN', 2047]);
    ends.receive(2048);
    expect(ends.send('z'.repeat(3000))).toBe(2048);
    ends.receive(8192);
    expect(ends.process.outq(ends.sender)).toBe(0);
  });

  test('a message takes as many bytes of the buffer as it has', () => {
    const ends = new Ends(kernel);
    const [from] = ends.process.socketpair('dgram');
    ends.process.sendmsg(from, { bytes: Buffer.from('four') });
    expect(ends.process.outq(from)).toBe(4);
  });

  test('reading that is shut down drops what waits', () => {
    const ends = new Ends(kernel);
    ends.send('A', 1);
    ends.process.close(ends.file);
    ends.process.shutdown(ends.receiver, 'SHUT_RD');
    expect(ends.released).toBe(true);
    expect([ends.receive(), ends.process.inq(ends.receiver)]).toEqual([['', 0, false], 0]);
  });

  test('nothing goes out of band, and none of the options of Linux exist', () => {
    const ends = new Ends(kernel);
    expect(ends.send('A', 0, MSG_OOB)).toBe('EOPNOTSUPP');
    expect(ends.receive(1, AMPLE, MSG_OOB)).toBe('EOPNOTSUPP');
    for (const option of ['SO_PASSCRED', 'SO_PASSPIDFD', 'SO_PASSRIGHTS'] as const) {
      expect(attempt(() => ends.process.setsockopt(ends.sender, option, 1))).toBe('ENOPROTOOPT');
      expect(attempt(() => ends.process.getsockopt(ends.sender, option))).toBe('ENOPROTOOPT');
    }
    ends.process.setsockopt(ends.sender, 'SO_OOBINLINE', 1);
    expect(ends.process.getsockopt(ends.sender, 'SO_OOBINLINE')).toBe(1);
  });
});

test.each([
  ['bsd', 'ETOOMANYREFS'],
  ['darwin', 'EMSGSIZE'],
] as const)('%s: too many descriptors in flight are %s', (kernel, errno) => {
  const ends = new Ends(kernel, { inFlightLimit: 1 });
  expect([ends.send('A', 2), ends.send('B', 1)]).toEqual([1, errno]);
});

// CMSG_LEN is 16 bytes and four for each on FreeBSD, 12 and four for each on macOS.
test.each([
  ['bsd', 23],
  ['darwin', 19],
] as const)(
  '24: %s, with room for one of two descriptors: FreeBSD closes both, macOS leaks the second',
  (kernel, room) => {
    const ends = new Ends(kernel);
    ends.send('A', 2);
    ends.send('B', 2);
    const open = ends.open;
    expect(ends.receive(1, room)).toEqual(['A', kernel === 'bsd' ? 0 : 1, true]);
    expect(ends.open).toBe(kernel === 'bsd' ? open : open + 1);
    expect(ends.receive(1, room + 1)).toEqual(['B', 2, false]);
  },
);
