import { attempt } from '../kernel/pair';
import { MSG_PEEK, MSG_TRUNC } from '../../packages/binding-model/kernel';
import { controlSpace, cut, Ends, FD, NOBODY, whole } from './ends';
import { linux } from './systems';

// gVisor's test/syscalls/linux/socket_unix_unbound_stream.cc: what is joined in one read of a stream, and what is not.

const SUITE = 'gVisor UnixStreamSocketPairTest';

describe.each(linux)('%s', (_, start) => {
  test(`${SUITE}.FDPassPartialRead: read(2) of the first half drops the descriptor, and the other half has none`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('firstother', [fd]);
    ends.close(fd);
    expect(ends.receive({ size: 5, control: 0 })).toEqual(cut('first'));
    expect(gone()).toBe(true);
    expect(ends.receive({ size: 5 })).toEqual(whole('other'));
  });

  test(`${SUITE}.FDPassCoalescedRead: read(2), repeated, gives the bytes of two messages with descriptors in order`, () => {
    using ends = new Ends(start());
    ends.send('first', [ends.file('one')]);
    ends.send('second', [ends.file('two')]);
    // It stops behind the first, as recvmsg does.
    expect(ends.receive({ size: 11, control: 0 })).toEqual(cut('first'));
    expect(ends.receive({ size: 6, control: 0 })).toEqual(cut('second'));
    expect(attempt(() => ends.receive())).toBe('EAGAIN');
  });

  test(`${SUITE}.ZeroLengthMessageFDDiscarded: descriptors without a byte are dropped, and later bytes have none`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    expect(ends.send('', [fd])).toBe(0);
    ends.close(fd);
    expect(gone()).toBe(true);
    ends.send('later');
    expect(ends.receive()).toEqual(whole('later'));
  });

  test(`${SUITE}.FDPassCoalescedRecv: a read that begins before a message with descriptors brings them`, () => {
    using ends = new Ends(start());
    ends.send('plain-');
    ends.send('carrying', [ends.file('one')]);
    expect(ends.receive()).toEqual(whole('plain-carrying', ['one']));
  });

  test(`${SUITE}.ReadsNotCoalescedAfterFDPass: a read ends behind a message with descriptors`, () => {
    using ends = new Ends(start());
    ends.send('carrying', [ends.file('one')]);
    ends.send('plain');
    expect([ends.receive(), ends.receive()]).toEqual([whole('carrying', ['one']), whole('plain')]);
  });

  test(`${SUITE}.FDPassNotCombined: one read never brings the descriptors of two messages`, () => {
    using ends = new Ends(start());
    const [first, second] = [ends.pair('seqpacket'), ends.pair('seqpacket')];
    ends.send('first', [first[1]]);
    ends.send('second', [second[1]]);
    for (const [kept] of [first, second]) {
      const { fds } = ends.take();
      expect(fds).toHaveLength(1);
      expect(ends.talk(fds[0] ?? -1, kept)).toBe(true);
      ends.close(...fds);
    }
  });

  test(`${SUITE}.CredPassPartialRead: credentials come with every part of their message`, () => {
    using ends = new Ends(start());
    ends.send('firstother', [], { credentials: ends.self });
    ends.askForCredentials(ends.receiver);
    expect(ends.receive({ size: 5 })).toEqual(whole('first', [], ends.self));
    expect(ends.receive({ size: 5 })).toEqual(whole('other', [], ends.self));
  });

  test(`${SUITE}.SinglePeek: a peek reads on over the end of a message (since Linux 4.3), as often as one likes`, () => {
    using ends = new Ends(start());
    ends.send('first');
    ends.send('other');
    for (let turn = 0; turn < 3; turn++) expect(ends.receive({ flags: MSG_PEEK })).toEqual(whole('firstother'));
    expect(ends.receive({ size: 5 })).toEqual(whole('first'));
    expect(ends.receive({ size: 5 })).toEqual(whole('other'));
  });

  test(`${SUITE}.CredsNotCoalescedUp: bytes written before anybody asked for credentials are not joined with later ones`, () => {
    using ends = new Ends(start());
    ends.send('before');
    ends.askForCredentials(ends.receiver);
    ends.send('after');
    expect([ends.receive(), ends.receive()]).toEqual([whole('before', [], NOBODY), whole('after', [], ends.self)]);
  });

  test(`${SUITE}.CredsNotCoalescedDown: bytes with a known writer are not joined with later ones without`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send('known');
    ends.askForCredentials(ends.receiver, 0);
    ends.send('unknown');
    ends.askForCredentials(ends.receiver);
    expect([ends.receive(), ends.receive()]).toEqual([whole('known', [], ends.self), whole('unknown', [], NOBODY)]);
  });

  test(`${SUITE}.CoalescedCredsNoPasscred: a receiver that does not ask gets bytes of known and unknown writers joined`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send('known-');
    ends.askForCredentials(ends.receiver, 0);
    ends.send('unknown');
    expect(ends.receive()).toEqual(whole('known-unknown'));
  });

  test(`${SUITE}.CoalescedCreds1: bytes of unknown writers are joined`, () => {
    using ends = new Ends(start());
    ends.send('first-');
    ends.send('second');
    ends.askForCredentials(ends.receiver);
    expect(ends.receive()).toEqual(whole('first-second', [], NOBODY));
  });

  test(`${SUITE}.CoalescedCreds2: bytes of one known writer are joined`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send('first-');
    ends.send('second');
    expect(ends.receive()).toEqual(whole('first-second', [], ends.self));
  });

  test(`${SUITE}.NonCoalescedDifferingCreds1: reads of the messages' lengths give each its writer, unknown then known`, () => {
    using ends = new Ends(start());
    ends.send('first');
    ends.askForCredentials(ends.receiver);
    ends.send('other');
    expect(ends.receive({ size: 5 })).toEqual(whole('first', [], NOBODY));
    expect(ends.receive({ size: 5 })).toEqual(whole('other', [], ends.self));
  });

  test(`${SUITE}.NonCoalescedDifferingCreds2: reads of the messages' lengths give each its writer, known then unknown`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send('first');
    ends.askForCredentials(ends.receiver, 0);
    ends.send('other');
    ends.askForCredentials(ends.receiver);
    expect(ends.receive({ size: 5 })).toEqual(whole('first', [], ends.self));
    expect(ends.receive({ size: 5 })).toEqual(whole('other', [], NOBODY));
  });

  test(`${SUITE}.CoalescedDifferingCreds: who no longer asks gets three messages joined, whoever is known of them`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send('one-');
    ends.send('two-');
    ends.askForCredentials(ends.receiver, 0);
    ends.send('three');
    expect(ends.receive()).toEqual(whole('one-two-three'));
  });

  // Of socket_unix_stream.cc, what control messages play a part in.
  const flagsOfEmptyReads = [0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC];

  test(`gVisor StreamUnixSocketPairTest.ZeroLengthRecvPendingData: a read of no bytes takes none`, () => {
    for (const flags of flagsOfEmptyReads) {
      using ends = new Ends(start());
      ends.send('abc');
      const { length, dataTruncated } = ends.take({ size: 0, control: 0, flags });
      expect([length, dataTruncated]).toEqual([0, false]);
      expect(ends.receive()).toEqual(whole('abc'));
    }
  });

  test.each([
    ['without room for control messages', 0],
    ['with room for a descriptor', controlSpace(FD)],
  ])(
    `gVisor StreamUnixSocketPairTest.ZeroLengthRecvEmptyQueue: a read of no bytes finds that there are none, %s`,
    (_title, control) => {
      using ends = new Ends(start());
      for (const flags of flagsOfEmptyReads) {
        expect(attempt(() => ends.receive({ size: 0, control, flags }))).toBe('EAGAIN');
      }
    },
  );

  test(`gVisor StreamUnixSocketPairTest.ZeroLengthRecvPeerShutdown: a read of no bytes finds the end`, () => {
    using ends = new Ends(start());
    ends.calls.shutdown(ends.sender, 'SHUT_WR');
    for (const flags of flagsOfEmptyReads) expect(ends.receive({ size: 0, flags })).toEqual(whole(''));
  });
});
