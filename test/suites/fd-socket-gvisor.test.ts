import { readFileSync } from 'node:fs';
import { adopt, type Discarded, type FdSocket, socketpair } from '../../packages/ancillary';
import { bytesOf, codeOf, destroyed, nextOf } from '../socket/sockets';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { Files, identitiesOf } from '../support/files';
import { Witness } from './witness';

// The cases of gVisor that also say something about an FdSocket: what a user sees of them.

const TEXT = 'twenty bytes of text';
const CMSG = 'gVisor UnixSocketPairCmsgTest';
const STREAM = 'gVisor UnixStreamSocketPairTest';

let sender: FdSocket;
let receiver: FdSocket;
beforeEach(() => {
  [sender, receiver] = socketpair();
});
afterEach(() => destroyed(sender, receiver));

/** The next so many bytes as text, and the files that came with them. */
async function receive(length: number): Promise<[string, string[]]> {
  using frame = await receiver.receive(length);
  return [frame.bytes.toString(), identitiesOf(frame.fds)];
}

describe('an FdSocket', () => {
  test(`${CMSG}.BasicFDPass: a message that is read in four parts has its descriptor with the first`, async () => {
    using files = new Files(1);
    await sender.send(TEXT, files.numbers);
    const parts: [string, string[]][] = [];
    for (let turn = 0; turn < 4; turn++) parts.push(await receive(5));
    expect(parts).toEqual([
      ['twent', files.identities],
      ['y byt', []],
      ['es of', []],
      [' text', []],
    ]);
  });

  test.each([
    ['BasicTwoFDPass: two descriptors of one message come in their order', 2],
    ['BasicThreeFDPass: three descriptors of one message come in their order', 3],
  ])(`${CMSG}.%s`, async (_title, count) => {
    using files = new Files(count);
    await sender.send(TEXT, files.numbers);
    expect(await receive(20)).toEqual([TEXT, files.identities]);
  });

  test(`${CMSG}.BadFDPass: a number that is not open fails its own frame with EBADF, and no other`, async () => {
    const [closed = -1] = closedNumbers();
    expect(await codeOf(() => sender.send('lost', [closed]))).toBe('EBADF');
    await sender.send(TEXT);
    expect(await receive(20)).toEqual([TEXT, []]);
  });

  test.each([
    ['BasicFDPassNoSpaceMsgCtrunc: a descriptor that got no number fails the socket with ERR_FD_TRUNCATED', 1, 0],
    ['BasicThreeFDPassTruncationMsgCtrunc: two of three fail it too, and are closed', 3, 2],
  ])(`${CMSG}.%s`, async (_title, count, slots) => {
    using witness = new Witness();
    await sender.send(TEXT, Array(count).fill(witness.given));
    witness.given.close();
    expect(await withDescriptorLimit(slots, () => codeOf(() => receiver.receive(20)))).toBe('ERR_FD_TRUNCATED');
    expect(receiver.destroyed).toBe(true);
    expect(witness.gone).toBe(true);
  });

  test(`${CMSG}.ConcurrentBasicFDPass: a socket is passed to one who waits already, and both sides talk over it`, async () => {
    const [kept, given] = socketpair();
    const waiting = receiver.receive(20);
    const answered = kept.receive(9);
    const served = (async () => {
      using frame = await waiting;
      const [passed] = frame.fds;
      if (passed === undefined) throw new Error('no socket came');
      const socket = adopt(passed);
      const { bytes } = await socket.receive(9);
      await socket.send(bytes);
      await destroyed(socket);
    })();
    await kept.send('meanwhile');
    await sender.send(TEXT, [given.fd]);
    await served;
    expect((await answered).bytes.toString()).toBe('meanwhile');
    await destroyed(kept, given);
  });

  test(`${CMSG}.FDPassNoRecv: who reads bytes and listens to no 'fds' has descriptors closed, and is told`, async () => {
    using witness = new Witness();
    const discarded: Discarded[] = [];
    receiver.on('discarded', (each) => discarded.push(each));
    await sender.send(TEXT, [witness.given], { transfer: true });
    sender.end();
    expect((await bytesOf(receiver)).toString()).toBe(TEXT);
    expect(discarded).toEqual([{ count: 1, range: { start: 0, end: 20 }, reason: 'no-listener' }]);
    expect(witness.gone).toBe(true);
    await receiver.send('still working');
    expect((await sender.receive(13)).bytes.toString()).toBe('still working');
  });

  test(`${CMSG}.FDPassInterspersed1: bytes before a message come without its descriptors`, async () => {
    using files = new Files(1);
    await sender.send('twenty bytes without');
    await sender.send(TEXT, files.numbers);
    expect([await receive(20), await receive(20)]).toEqual([
      ['twenty bytes without', []],
      [TEXT, files.identities],
    ]);
  });

  test(`${CMSG}.FDPassInterspersed2: bytes behind a message come without its descriptors`, async () => {
    using files = new Files(1);
    await sender.send(TEXT, files.numbers);
    await sender.send('later');
    expect([await receive(20), await receive(5)]).toEqual([
      [TEXT, files.identities],
      ['later', []],
    ]);
  });

  test.each([`${CMSG}.FDPassNotCoalesced`, `${STREAM}.FDPassNotCombined`])(
    '%s: two messages with descriptors are two frames, each with its own',
    async () => {
      using files = new Files(2);
      for (const [index, fd] of files.numbers.entries()) await sender.send(`frame ${index}`, [fd]);
      const frames = receiver.frames();
      for (const [index, file] of files.identities.entries()) {
        using frame = await nextOf(frames);
        expect([frame.bytes.toString(), identitiesOf(frame.fds)]).toEqual([`frame ${index}`, [file]]);
      }
    },
  );

  test(`${CMSG}.CloexecRecvFDPass: what is received is close-on-exec`, async () => {
    using files = new Files(1);
    await sender.send(TEXT, files.numbers);
    using frame = await receiver.receive(20);
    const O_CLOEXEC = 0o2000000;
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${frame.fds[0]?.fd}`, 'utf8'));
    expect(parseInt(flags?.[1] ?? '', 8) & O_CLOEXEC).toBe(O_CLOEXEC);
  });

  test(`${STREAM}.FDPassPartialRead: the rest of a message comes without descriptors, also where the first were not wanted`, async () => {
    using witness = new Witness();
    await sender.send(TEXT, [witness.given], { transfer: true });
    (await receiver.receive(10)).close();
    expect(witness.gone).toBe(true);
    expect(await receive(10)).toEqual(['es of text', []]);
  });

  test(`${STREAM}.ZeroLengthMessageFDDiscarded: descriptors without a byte fail instead, and stay with their owner`, async () => {
    using witness = new Witness();
    expect(await codeOf(() => sender.send('', [witness.given]))).toBe('ERR_FD_WITHOUT_BYTES');
    expect(witness.gone).toBe(false);
    await sender.send('later');
    expect(await receive(5)).toEqual(['later', []]);
  });

  test(`${STREAM}.FDPassCoalescedRecv: bytes in front of a message may be in one frame with it where no codec parts them`, async () => {
    using files = new Files(1);
    await sender.send('plain-');
    await sender.send('carrying', files.numbers);
    using frame = await nextOf(receiver.frames());
    expect([frame.bytes.toString(), identitiesOf(frame.fds)]).toEqual(['plain-carrying', files.identities]);
  });

  test(`${STREAM}.ReadsNotCoalescedAfterFDPass: bytes behind a message are another frame`, async () => {
    using files = new Files(1);
    await sender.send('carrying', files.numbers);
    await sender.send('plain');
    const frames = receiver.frames();
    const came: [string, string[]][] = [];
    for (let turn = 0; turn < 2; turn++) {
      using frame = await nextOf(frames);
      came.push([frame.bytes.toString(), identitiesOf(frame.fds)]);
    }
    expect(came).toEqual([
      ['carrying', files.identities],
      ['plain', []],
    ]);
  });
});

/** The number of a file that was open a moment ago. */
function closedNumbers(): number[] {
  using files = new Files(1);
  return files.numbers;
}
