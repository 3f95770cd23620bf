import { KernelModel, MSG_PEEK } from '../../packages/binding-model/kernel';
import { attempt } from '../kernel/pair';
import { until } from '../hostile/until';
import { Ends } from '../suites/ends';
import { linux } from '../suites/systems';

// What the programs cannot show: they run in one process, and send no socket round in a circle.

test('20: descriptors in flight are counted for each user, over all processes', () => {
  const model = new KernelModel({ fdLimit: 10 });
  const sender = (uid: number) => {
    const process = model.process({ uid });
    const [fd] = process.socketpair('stream');
    const message = { bytes: Buffer.from('x'), fds: [Array<number>(11).fill(fd)] };
    return () => attempt(() => process.sendmsg(fd, message));
  };
  const [first, second, other] = [sender(1), sender(1), sender(2)];
  expect([first(), first(), second(), other()]).toEqual([1, 'ETOOMANYREFS', 'ETOOMANYREFS', 1]);
});

test('unix(7): only root may claim another group, and nobody the group -1', () => {
  const model = new KernelModel();
  const claim = (process: ReturnType<KernelModel['process']>, gid: number) => {
    const [fd] = process.socketpair('stream');
    const { pid, uid } = process.credentials;
    return attempt(() => process.sendmsg(fd, { bytes: Buffer.from('x'), credentials: { pid, uid, gid } }));
  };
  const [root, user] = [model.process(), model.process({ uid: 1, gid: 1 })];
  expect([claim(root, 5), claim(user, 1), claim(user, 5), claim(root, 0xffff_ffff)]).toEqual([1, 1, 'EPERM', 'EINVAL']);
});

test('a send buffer is never smaller than Linux has it', () => {
  const process = new KernelModel({ sndbuf: 100 }).process();
  const [fd] = process.socketpair('stream');
  expect([process.getsockopt(fd, 'SO_SNDBUF'), process.sendmsg(fd, { bytes: new Uint8Array(20) })]).toEqual([4608, 20]);
});

describe.each(linux)('%s', (_, start) => {
  test('35: a circle of sockets in flight stays as it is while somebody has a descriptor of it', () => {
    using ends = new Ends(start());
    const [a, b] = [ends.pair('stream'), ends.pair('stream')];
    const bytes = Buffer.from('x');
    ends.calls.sendmsg(a[0], { bytes, fds: [[b[1]]] });
    ends.calls.sendmsg(b[0], { bytes, fds: [[a[1]]] });
    // Any socket that is closed is an occasion to look for circles.
    ends.close(b[1], ...ends.pair('stream'));
    expect(ends.calls.inq(a[1])).toBe(1);
  });

  test('35: the ends that are left hear of the end, and of no reset, when a circle with unread bytes is closed', async () => {
    using ends = new Ends(start());
    const [a, b] = [ends.pair('stream'), ends.pair('stream')];
    const bytes = Buffer.from('x');
    ends.calls.sendmsg(a[0], { bytes, fds: [[b[1]]] });
    ends.calls.sendmsg(b[0], { bytes, fds: [[a[1]]] });
    ends.calls.sendmsg(b[0], { bytes });
    ends.close(a[1], b[1], ...ends.pair('stream'));
    const left = [a[0], b[0]];
    // The kernel closes circles in the background.
    await until(() => left.every((fd) => ends.calls.poll(fd).hup));
    expect(left.map((fd) => ends.calls.poll(fd).err)).toEqual([false, false]);
    expect(left.map((fd) => ends.calls.recvmsg(fd, { size: 1, controlLength: 0 }).bytes.length)).toEqual([0, 0]);
  });

  test.each(['seqpacket', 'dgram'] as const)(
    '32: the largest message of a %s is one that one allocation holds',
    (type) => {
      using ends = new Ends(start());
      const [a] = ends.pair(type);
      ends.calls.setsockopt(a, 'SO_SNDBUF', 4_194_304);
      const send = (length: number) => attempt(() => ends.calls.sendmsg(a, { bytes: new Uint8Array(length) }));
      expect([send(4_263_617), send(4_263_616)]).toEqual(['ENOBUFS', 4_263_616]);
    },
  );

  test('what a sender writes into its memory afterwards, or a peeker into what it saw, changes nothing', () => {
    using ends = new Ends(start());
    for (const type of ['stream', 'seqpacket'] as const) {
      const [a, b] = ends.pair(type);
      const bytes = new Uint8Array([1, 2, 3]);
      ends.calls.sendmsg(a, { bytes });
      bytes.fill(9);
      const room = { size: 3, controlLength: 0 };
      ends.calls.recvmsg(b, { ...room, flags: MSG_PEEK }).bytes.fill(8);
      expect([...ends.calls.recvmsg(b, room).bytes]).toEqual([1, 2, 3]);
    }
  });

  test('a negative SO_SNDBUF is taken for unsigned, and so for the largest', () => {
    using ends = new Ends(start());
    const [a] = ends.pair('stream');
    const asked = [-1, -(2 ** 31), 2 ** 31 - 1].map((value) => {
      ends.calls.setsockopt(a, 'SO_SNDBUF', value);
      return ends.calls.getsockopt(a, 'SO_SNDBUF');
    });
    expect(new Set(asked).size).toBe(1);
    expect(asked[0]).toBeGreaterThan(4608);
  });

  test('of an empty file SIOCINQ tells 0, and SIOCOUTQ is ENOTTY', () => {
    using ends = new Ends(start());
    const file = ends.file('file');
    expect([attempt(() => ends.calls.inq(file)), attempt(() => ends.calls.outq(file))]).toEqual([0, 'ENOTTY']);
  });

  test('of a pidfd both are ENOTTY', () => {
    using ends = new Ends(start());
    ends.calls.setsockopt(ends.receiver, 'SO_PASSPIDFD', 1);
    ends.send('x');
    const { pidfd = -1 } = ends.take();
    expect([attempt(() => ends.calls.inq(pidfd)), attempt(() => ends.calls.outq(pidfd))]).toEqual(['ENOTTY', 'ENOTTY']);
  });
});
