import { attempt } from '../kernel/pair';
import { MSG_OOB } from '../../packages/binding-model/kernel';
import { controlSpace, Ends, FD, textOf, whole } from './ends';
import { linux } from './systems';

// The Linux Test Project's testcases/kernel/syscalls/sendmsg, recvmsg and testcases/cve, the cases that a Unix socket can
// be in. LTP runs some of them on other sockets, where the answer is the same.

const OF_RECVMSG = 'from the other end';

describe.each(linux)('%s', (_, start) => {
  test.each([
    ['LTP sendmsg01 bad file descriptor: sending to a number that is not open fails with EBADF', 'EBADF'],
    ['LTP sendmsg01 invalid socket: sending to what is no socket fails with ENOTSOCK', 'ENOTSOCK'],
  ])('%s', (_title, code) => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    const file = ends.file('no socket');
    if (code === 'EBADF') ends.close(file);
    expect(attempt(() => ends.calls.sendmsg(file, { bytes: Buffer.from('x'), fds: [[fd]] }))).toBe(code);
    ends.close(fd);
    expect(gone()).toBe(true);
  });

  test('LTP sendmsg01 local endpoint shutdown: sending after one’s own shutdown fails with EPIPE', () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.calls.shutdown(ends.sender, 'SHUT_WR');
    expect(attempt(() => ends.send('x', [fd]))).toBe('EPIPE');
    ends.close(fd);
    expect(gone()).toBe(true);
  });

  test('LTP sendmsg01 rights passing: a file is sent with 1024 bytes', () => {
    using ends = new Ends(start());
    expect(ends.send('x'.repeat(1024), [ends.file('sent')])).toBe(1024);
    expect(ends.receive({ size: 1024 })).toEqual(whole('x'.repeat(1024), ['sent']));
  });

  test.each([
    ['LTP sendmsg01 invalid flags set w/ control: a datagram with a descriptor cannot be out of band', true],
    ['LTP sendmsg01 invalid flags set: a datagram cannot be out of band', false],
  ])('%s', (_title, withRights) => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    const [from, to] = ends.pair('dgram');
    const rights = withRights ? { fds: [[fd]] } : {};
    const message = { bytes: Buffer.from('x'), flags: MSG_OOB, ...rights };
    expect(attempt(() => ends.calls.sendmsg(from, message))).toBe('EOPNOTSUPP');
    ends.close(fd);
    expect(gone()).toBe(true);
    expect(attempt(() => ends.calls.recvmsg(to, { size: 10, controlLength: 0 }))).toBe('EAGAIN');
  });

  test.each([
    ['LTP recvmsg01 bad file descriptor: receiving from a number that is not open fails with EBADF', 'EBADF'],
    ['LTP recvmsg01 invalid socket: receiving from what is no socket fails with ENOTSOCK', 'ENOTSOCK'],
  ])('%s', (_title, code) => {
    using ends = new Ends(start());
    const file = ends.file('no socket');
    if (code === 'EBADF') ends.close(file);
    expect(attempt(() => ends.calls.recvmsg(file, { size: 1, controlLength: controlSpace(FD) }))).toBe(code);
  });

  test.each([
    ['LTP recvmsg01 rights reception: a file comes into room for many', 1024],
    ['LTP recvmsg01 large cmesg length: nor is there such a thing as too much room', 128 * 1024],
  ])('%s', (_title, control) => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    ends.send(OF_RECVMSG, [file]);
    ends.close(file);
    expect(ends.receive({ control })).toEqual(whole(OF_RECVMSG, ['sent']));
  });

  test('LTP recvmsg01 invalid cmsg length: with room for less than a header the bytes come and the file is dropped', () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send(OF_RECVMSG, [fd]);
    ends.close(fd);
    expect(ends.receive({ control: controlSpace(0) - 1 })).toEqual({ text: OF_RECVMSG, files: [], truncated: true });
    expect(gone()).toBe(true);
  });

  test('LTP recvmsg01 invalid MSG_OOB flag set: there is nothing out of band where nothing was sent so', () => {
    using ends = new Ends(start());
    ends.send(OF_RECVMSG, [ends.file('sent')]);
    expect(attempt(() => ends.receive({ flags: MSG_OOB }))).toBe('EINVAL');
    expect(ends.receive()).toEqual(whole(OF_RECVMSG, ['sent']));
  });

  test('LTP cve-2025-38236: an out-of-band byte behind two that were received is passed over by a plain read', () => {
    using ends = new Ends(start());
    for (const text of ['A', 'B']) {
      ends.send(text, [], { flags: MSG_OOB });
      expect(textOf(ends.take({ size: 1, flags: MSG_OOB }).bytes)).toBe(text);
    }
    ends.send('C', [], { flags: MSG_OOB });
    expect(attempt(() => ends.receive({ size: 1 }))).toBe('EAGAIN');
    expect(attempt(() => ends.receive({ size: 1, flags: MSG_OOB }))).toBe('EINVAL');
  });
});
