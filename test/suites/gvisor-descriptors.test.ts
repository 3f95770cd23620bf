import { attempt } from '../kernel/pair';
import { MSG_PEEK } from '../../packages/binding-model/kernel';
import { controlLength, controlSpace, cut, Ends, FD, textOf, whole } from './ends';
import { linux } from './systems';

// gVisor's test/syscalls/linux/socket_unix_cmsg.cc, the cases about descriptors. It passes sockets, and talks through
// what was received. read(2), which it calls here and there, is a receive without room for control messages.

const TEXT = 'twenty bytes of text';
const SUITE = 'gVisor UnixSocketPairCmsgTest';
const MSG_CTRUNC = 0x8;

describe.each(linux)('%s', (_, start) => {
  /** Passes sockets in one message, and returns those received and the other ends of those sent. */
  function pass(ends: Ends, count: number): [received: number, kept: number][] {
    const pairs = Array.from({ length: count }, () => ends.pair('seqpacket'));
    expect(
      ends.send(
        TEXT,
        pairs.map(([, sent]) => sent),
      ),
    ).toBe(20);
    const { bytes, fds, truncated } = ends.take({ control: controlSpace(count * FD) });
    expect([textOf(bytes), fds.length, truncated]).toEqual([TEXT, count, false]);
    expect(fds.map((fd) => ends.calls.identity(fd))).toEqual(pairs.map(([, sent]) => ends.calls.identity(sent)));
    return pairs.map(([kept], index) => [fds[index] ?? -1, kept]);
  }

  test.each([
    ['BasicFDPass: a socket arrives with its bytes and is connected to what it was connected to', 1],
    ['BasicTwoFDPass: two sockets of one message arrive in their order', 2],
    ['BasicThreeFDPass: three sockets of one message arrive in their order', 3],
  ])(`${SUITE}.%s`, (_title, count) => {
    using ends = new Ends(start());
    for (const [received, kept] of pass(ends, count)) expect(ends.talk(received, kept)).toBe(true);
  });

  test(`${SUITE}.BadFDPass: a number that is not open fails with EBADF, and nothing is sent`, () => {
    using ends = new Ends(start());
    expect(attempt(() => ends.send(TEXT, [-1]))).toBe('EBADF');
    expect(attempt(() => ends.receive())).toBe('EAGAIN');
  });

  test.each([
    ['BasicFDPassNoSpace: with room for a header alone the bytes come, and no control message', controlSpace(0)],
    ['BasicFDPassNoSpaceMsgCtrunc: with room for a header alone MSG_CTRUNC is set', controlSpace(0)],
    ['BasicFDPassNotEnoughSpaceMsgCtrunc: one byte more than a header is as good as none', controlSpace(0) + 1],
  ])(`${SUITE}.%s`, (_title, control) => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send(TEXT, [fd]);
    ends.close(fd);
    expect(gone()).toBe(false);
    expect(ends.receive({ control })).toEqual(cut(TEXT));
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.BasicThreeFDPassTruncationMsgCtrunc: room for two of three brings the first two and MSG_CTRUNC`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('first'), ends.file('second'), ends.file('third')]);
    expect(ends.receive({ control: controlSpace(2 * FD) })).toEqual(cut(TEXT, ['first', 'second']));
  });

  test(`${SUITE}.BasicFDPassUnalignedRecv: room for one without its padding is enough for it`, () => {
    using ends = new Ends(start());
    const [kept, sent] = ends.pair('seqpacket');
    ends.send(TEXT, [sent]);
    const { bytes, fds } = ends.take({ control: controlLength(FD) });
    expect([textOf(bytes), fds.length]).toEqual([TEXT, 1]);
    expect(ends.talk(fds[0] ?? -1, kept)).toBe(true);
  });

  test(`${SUITE}.BasicFDPassUnalignedRecvNoMsgTrunc: what came into such room was not cut`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('only')]);
    expect(ends.receive({ control: controlSpace(FD) - FD })).toEqual(whole(TEXT, ['only']));
  });

  test(`${SUITE}.BasicTwoFDPassUnalignedRecvTruncationMsgTrunc: of two, such room brings the first and MSG_CTRUNC`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('first'), ends.file('second')]);
    expect(ends.receive({ control: controlSpace(FD) - FD })).toEqual(cut(TEXT, ['first']));
  });

  test(`${SUITE}.ConcurrentBasicFDPass: what is written to a socket in flight waits in it for whoever receives it`, () => {
    using ends = new Ends(start());
    const [kept, sent] = ends.pair('seqpacket');
    ends.send(TEXT, [sent]);
    ends.calls.sendmsg(kept, { bytes: Buffer.from('meanwhile') });
    const [received = -1] = ends.take().fds;
    const { bytes } = ends.calls.recvmsg(received, { size: 20, controlLength: 0 });
    ends.calls.sendmsg(received, { bytes });
    expect(textOf(ends.calls.recvmsg(kept, { size: 20, controlLength: 0 }).bytes)).toBe('meanwhile');
  });

  test(`${SUITE}.FDPassNoRecv: read(2) takes the bytes, drops the descriptor, and leaves the sockets working`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send(TEXT, [fd]);
    ends.close(fd);
    expect(ends.receive({ control: 0 })).toEqual(cut(TEXT));
    expect(gone()).toBe(true);
    expect(ends.talk(ends.sender, ends.receiver)).toBe(true);
  });

  test(`${SUITE}.FDPassInterspersed1: a read that ends before a message brings none of its descriptors`, () => {
    using ends = new Ends(start());
    ends.send('twenty bytes without');
    ends.send(TEXT, [ends.file('later')]);
    expect(ends.receive({ size: 20 })).toEqual(whole('twenty bytes without'));
    expect(ends.receive({ size: 20 })).toEqual(whole(TEXT, ['later']));
  });

  test(`${SUITE}.FDPassInterspersed2: descriptors that read(2) passed over do not come with later bytes`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('dropped')]);
    ends.send('later');
    expect(ends.receive({ size: 20, control: 0 })).toEqual(cut(TEXT));
    expect(ends.receive()).toEqual(whole('later'));
  });

  test(`${SUITE}.FDPassNotCoalesced: two messages with descriptors are two reads, whatever the room`, () => {
    using ends = new Ends(start());
    ends.send('first', [ends.file('one')]);
    ends.send('second', [ends.file('two')]);
    expect([ends.receive(), ends.receive()]).toEqual([whole('first', ['one']), whole('second', ['two'])]);
  });

  test(`${SUITE}.FDPassPeek: a peek installs a copy, and the read brings the descriptor all the same`, () => {
    using ends = new Ends(start());
    const [kept, sent] = ends.pair('seqpacket');
    ends.send(TEXT, [sent]);
    for (const flags of [MSG_PEEK, 0]) {
      const { bytes, fds, truncated } = ends.take({ flags });
      expect([textOf(bytes), fds.length, truncated]).toEqual([TEXT, 1, false]);
      expect(ends.talk(fds[0] ?? -1, kept)).toBe(true);
      ends.close(...fds);
    }
    expect(attempt(() => ends.take())).toBe('EAGAIN');
  });

  test(`${SUITE}.MsgCtruncInputIsNoop: MSG_CTRUNC as a flag of the call is not echoed`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('whole')]);
    expect(ends.receive({ control: controlSpace(FD), flags: MSG_CTRUNC })).toEqual(whole(TEXT, ['whole']));
  });
});
