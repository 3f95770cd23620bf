import { KernelModel } from '../../packages/binding-model/kernel';
import { attempt } from '../kernel/pair';
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
});
