import { controlLength, controlSpace, CREDENTIALS, Ends, FD, NOBODY, whole } from './ends';
import { linux } from './systems';

// gVisor's test/syscalls/linux/socket_unix_cmsg.cc, the cases about credentials. write(2), which it calls here and
// there, is a sendmsg without control messages.

const TEXT = 'twenty bytes of text';
const SUITE = 'gVisor UnixSocketPairCmsgTest';

describe.each(linux)('%s', (_, start) => {
  test(`${SUITE}.BasicCredPass: credentials that were sent arrive, also when asked for later`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [], { credentials: ends.self });
    ends.askForCredentials(ends.receiver);
    expect(ends.receive()).toEqual(whole(TEXT, [], ends.self));
  });

  type Step = 'send' | 'sender asks' | 'receiver asks';
  const before = 'a message from before the receiver asked is from nobody';
  const after = 'a message is from its writer once the receiver asked';
  const sender = 'a receiver that does not ask is told nothing, whatever the sender asks';
  const both = 'a sender that asks has its own messages marked, for a receiver that asks later';

  test.each<[string, Step[], 'nobody' | 'self' | 'nothing']>([
    [`SendNullCredsBeforeSoPassCredRecvEnd: ${before}`, ['send', 'receiver asks'], 'nobody'],
    [`SendNullCredsAfterSoPassCredRecvEnd: ${after}`, ['receiver asks', 'send'], 'self'],
    [`SendNullCredsBeforeSoPassCredSendEnd: ${sender}`, ['send', 'sender asks'], 'nothing'],
    [`SendNullCredsAfterSoPassCredSendEnd: ${sender}`, ['sender asks', 'send'], 'nothing'],
    [`SendNullCredsBeforeSoPassCredRecvEndAfterSendEnd: ${both}`, ['sender asks', 'send', 'receiver asks'], 'self'],
    [`WriteBeforeSoPassCredRecvEnd: ${before}`, ['send', 'receiver asks'], 'nobody'],
    [`WriteAfterSoPassCredRecvEnd: ${after}`, ['receiver asks', 'send'], 'self'],
    [`WriteBeforeSoPassCredSendEnd: ${sender}`, ['send', 'sender asks'], 'nothing'],
    [`WriteAfterSoPassCredSendEnd: ${sender}`, ['sender asks', 'send'], 'nothing'],
    [`WriteBeforeSoPassCredRecvEndAfterSendEnd: ${both}`, ['sender asks', 'send', 'receiver asks'], 'self'],
  ])(`${SUITE}.%s`, (_title, steps, told) => {
    using ends = new Ends(start());
    for (const step of steps) {
      if (step === 'send') ends.send(TEXT);
      else ends.askForCredentials(step === 'sender asks' ? ends.sender : ends.receiver);
    }
    expect(ends.receive()).toEqual(whole(TEXT, [], { nobody: NOBODY, self: ends.self, nothing: undefined }[told]));
  });

  test.each([
    ['CredPassTruncated: with room for the first field alone the bytes come all the same', controlSpace(0) + 4],
    ['CredPassTruncatedMsgCtrunc: with room for the first field alone MSG_CTRUNC is set', controlSpace(0) + 4],
    ['CredPassNoSpaceMsgCtrunc: with room for a header alone MSG_CTRUNC is set', controlSpace(0)],
  ])(`${SUITE}.%s`, (_title, control) => {
    using ends = new Ends(start());
    ends.send(TEXT, [], { credentials: ends.self });
    ends.askForCredentials(ends.receiver);
    expect(ends.receive({ control })).toEqual({ text: TEXT, files: [], truncated: true });
  });

  test(`${SUITE}.CredPassNoMsgCtrunc: with just enough room credentials come whole`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [], { credentials: ends.self });
    ends.askForCredentials(ends.receiver);
    expect(ends.receive({ control: controlSpace(CREDENTIALS) })).toEqual(whole(TEXT, [], ends.self));
  });

  test(`${SUITE}.SoPassCred: each end is asked, and can be asked about, by itself`, () => {
    using ends = new Ends(start());
    const asking = () => [ends.sender, ends.receiver].map((end) => ends.calls.getsockopt(end, 'SO_PASSCRED'));
    expect(asking()).toEqual([0, 0]);
    ends.askForCredentials(ends.sender);
    expect(asking()).toEqual([1, 0]);
    ends.askForCredentials(ends.sender, 0);
    expect(asking()).toEqual([0, 0]);
  });

  test(`${SUITE}.NoPassCred: credentials that were sent do not come to who did not ask`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [], { credentials: ends.self });
    expect(ends.receive()).toEqual(whole(TEXT));
  });

  test(`${SUITE}.CredAndFDPass: credentials and descriptors of one message come together`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('one')], { credentials: ends.self });
    ends.askForCredentials(ends.receiver);
    const control = controlSpace(CREDENTIALS) + controlSpace(FD);
    expect(ends.receive({ control })).toEqual(whole(TEXT, ['one'], ends.self));
  });

  test(`${SUITE}.FDPassBeforeSoPassCred: descriptors from before the receiver asked come with nobody's credentials`, () => {
    using ends = new Ends(start());
    ends.send(TEXT, [ends.file('one')]);
    ends.askForCredentials(ends.receiver);
    expect(ends.receive()).toEqual(whole(TEXT, ['one'], NOBODY));
  });

  test(`${SUITE}.FDPassAfterSoPassCred: descriptors come with the credentials of their sender`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    ends.send(TEXT, [ends.file('one')]);
    expect(ends.receive()).toEqual(whole(TEXT, ['one'], ends.self));
  });

  test.each([
    ['FDPassAfterSoPassCredWithoutCredSpace: credentials use up the room first, also a header alone', controlLength(0)],
    ['FDPassAfterSoPassCredWithoutCredSpace: nor is there any left where they are cut', controlSpace(FD)],
    ['FDPassAfterSoPassCredWithoutCredHeaderSpace: less than a header brings nothing', controlLength(0) / 2],
  ])(`${SUITE}.%s`, (_title, control) => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.askForCredentials(ends.receiver);
    ends.send(TEXT, [fd]);
    ends.close(fd);
    expect(ends.receive({ control })).toEqual({ text: TEXT, files: [], truncated: true });
    expect(gone()).toBe(true);
  });
});
