import { attempt } from '../kernel/pair';
import { controlLength, controlSpace, cut, Ends, FD, whole } from './ends';
import { freebsd, linux } from './systems';
import { until } from '../hostile/until';

// FreeBSD's tests/sys/kern/unix_passfd_test.c, as far as it holds on every kernel. The cases whose outcome is FreeBSD's
// own are in freebsd-differences.test.ts.

const SUITE = 'FreeBSD unix_passfd_test';

describe.each([...linux, ...freebsd])('%s', (_, start) => {
  test(`${SUITE}.simple_send_fd: the same file comes out, and the sender keeps its own descriptor`, () => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    ends.send('x', [file]);
    expect(ends.receive({ size: 1, control: controlSpace(FD) })).toEqual(whole('x', ['sent']));
    expect(ends.calls.identity(file)).toBe('sent');
  });

  test(`${SUITE}.send_and_close: a descriptor that its sender closed lives on in the socket`, () => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    ends.send('x', [file]);
    ends.close(file);
    expect(ends.receive({ size: 1, control: controlSpace(FD) })).toEqual(whole('x', ['sent']));
  });

  test(`${SUITE}.send_and_cancel: what waits in a socket is released with it`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [fd]);
    ends.close(fd);
    expect(gone()).toBe(false);
    ends.close(ends.sender, ends.receiver);
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.send_overflow: a full socket refuses with EAGAIN, and holds on to none of the descriptors`, () => {
    using ends = new Ends(start());
    fill(ends);
    const { fd, gone } = ends.witness();
    expect(attempt(() => ends.send('x'.repeat(65_536), [fd]))).toBe('EAGAIN');
    ends.close(fd);
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.two_files: two files of two messages come out in their order`, () => {
    using ends = new Ends(start());
    const [first, second] = [ends.file('first'), ends.file('second')];
    ends.send('x', [first]);
    ends.send('x', [second]);
    ends.close(first, second);
    const room = { size: 1, control: controlSpace(FD) };
    expect([ends.receive(room), ends.receive(room)]).toEqual([whole('x', ['first']), whole('x', ['second'])]);
  });

  test(`${SUITE}.bundle: an end sent through itself and closed is open until it was received and closed again`, () => {
    using ends = new Ends(start());
    const end = ends.calls.identity(ends.sender);
    ends.send('x', [ends.sender]);
    ends.close(ends.sender);
    expect(ends.calls.poll(ends.receiver).hup).toBe(false);
    expect(ends.receive({ size: 1 })).toEqual(whole('x', [end]));
    expect(ends.calls.poll(ends.receiver).hup).toBe(true);
  });

  test(`${SUITE}.bundle_cancel: ends that wait only in each other are released, with all that waits beside them`, async () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [ends.sender]);
    ends.calls.sendmsg(ends.receiver, { bytes: Buffer.from('x'), fds: [[ends.sender, fd]] });
    ends.close(fd, ends.sender, ends.receiver);
    // The kernel looks for such circles in the background.
    await until(gone);
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.truncated_rights, case 1: less room than one descriptor needs leaves none behind`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [fd]);
    ends.close(fd);
    expect(ends.receive({ size: 1, control: controlLength(0) })).toEqual(cut('x'));
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.truncated_rights, case 2b: two control messages and less room than the first needs leave none behind`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [], { fds: [[fd], [fd]] });
    ends.close(fd);
    expect(ends.receive({ size: 1, control: controlSpace(0) })).toEqual(cut('x'));
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.control_creates_records: messages with descriptors are read one by one, like records`, () => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    ends.send('1', [file]);
    ends.send('2', [file]);
    ends.close(file);
    const room = { size: 2, control: 2 * controlSpace(FD) };
    expect([ends.receive(room), ends.receive(room)]).toEqual([whole('1', ['sent']), whole('2', ['sent'])]);
  });
});

/** Sends until the socket takes no more. */
function fill(ends: Ends): void {
  for (let turn = 0; turn < 1000; turn++) {
    const taken = attempt(() => ends.send('x'.repeat(65_536)));
    if (taken === 'EAGAIN') return;
  }
  throw new Error('the socket was never full');
}
