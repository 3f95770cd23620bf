import { attempt } from '../kernel/pair';
import { controlSpace, cut, Ends, FD, whole } from './ends';
import { freebsd, linux } from './systems';

// FreeBSD's tests/sys/kern/unix_passfd_test.c, the cases whose outcome is not the same on Linux: each is here with both.

const SUITE = 'FreeBSD unix_passfd_test';

describe.each(linux)('%s', (_, start) => {
  test(`${SUITE}.send_and_shutdown, on Linux: what waits stays, and can be received, when reading was shut down`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [fd]);
    ends.close(fd);
    ends.calls.shutdown(ends.receiver, 'SHUT_RD');
    expect(gone()).toBe(false);
    expect(ends.receive()).toMatchObject({ text: 'x', truncated: false });
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.send_a_lot, on Linux: 253 is the most, EINVAL the answer to more, MSG_CTRUNC that to a full table`, () => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    const copies = (count: number) => Array<number>(count).fill(file);
    expect(attempt(() => ends.send('x', copies(254)))).toBe('EINVAL');
    expect(ends.send('x', copies(253))).toBe(1);
    expect(ends.receive()).toEqual(whole('x', Array<string>(253).fill('sent')));
    ends.send('yz', copies(1));
    expect(ends.withFullTable(() => ends.receive({ size: 1 }))).toEqual(cut('y'));
    expect(ends.receive({ size: 1 })).toEqual(whole('z'));
  });

  test(`${SUITE}.rights_creds_payload, on Linux: the first segment of a large message has them, the others credentials`, () => {
    using ends = new Ends(start());
    ends.askForCredentials(ends.receiver);
    const { taken, text } = sendLarge(ends);
    const segment = Math.min(ends.calls.getsockopt(ends.sender, 'SO_SNDBUF') / 2 - 64, 36_544);
    expect(taken).toBeGreaterThan(segment);
    expect(ends.receive({ size: taken })).toEqual(whole(text.slice(0, segment), ['sent'], ends.self));
    expect(ends.receive({ size: taken })).toEqual(whole(text.slice(segment, taken), [], ends.self));
  });

  test.each([
    ['2a: room for one control message brings those of two, which arrive as one', controlSpace(FD)],
    ['2c: room for one control message and a header brings those of two', controlSpace(FD) + controlSpace(0)],
  ])(`${SUITE}.truncated_rights, on Linux, case %s`, (_title, control) => {
    using ends = new Ends(start());
    ends.send('x', [], { fds: [[ends.file('first')], [ends.file('second')]] });
    expect(ends.receive({ size: 1, control })).toEqual(whole('x', ['first', 'second']));
  });

  test(`${SUITE}.truncated_rights, on Linux, case 3: room for one with its padding brings two of three`, () => {
    using ends = new Ends(start());
    ends.send(
      'x',
      ['first', 'second', 'third'].map((name) => ends.file(name)),
    );
    expect(ends.receive({ size: 1, control: controlSpace(FD) })).toEqual(cut('x', ['first', 'second']));
  });

  test.each([
    ['in front', (fd: number) => [[], [fd]]],
    ['behind', (fd: number) => [[fd], []]],
  ])(
    `${SUITE}.empty_rights_message, on Linux: one %s changes nothing, and without a byte all are dropped`,
    (_title, fds) => {
      using ends = new Ends(start());
      expect(ends.send('x', [], { fds: fds(ends.file('sent')) })).toBe(1);
      expect(ends.receive({ control: controlSpace(FD) })).toEqual(whole('x', ['sent']));
      const { fd, gone } = ends.witness();
      expect(ends.send('', [], { fds: fds(fd) })).toBe(0);
      ends.close(fd);
      expect(gone()).toBe(true);
      expect(attempt(() => ends.receive())).toBe('EAGAIN');
    },
  );
});

describe.each(freebsd)('%s', (_, start) => {
  test(`${SUITE}.send_and_shutdown, on FreeBSD: what waits is released when reading is shut down`, () => {
    using ends = new Ends(start());
    const { fd, gone } = ends.witness();
    ends.send('x', [fd]);
    ends.close(fd);
    expect(gone()).toBe(false);
    ends.calls.shutdown(ends.receiver, 'SHUT_RD');
    expect(gone()).toBe(true);
  });

  test(`${SUITE}.send_a_lot, on FreeBSD: 254 is the most, EMSGSIZE the answer to more and to a full table`, () => {
    using ends = new Ends(start());
    const file = ends.file('sent');
    const copies = (count: number) => Array<number>(count).fill(file);
    expect(attempt(() => ends.send('x', copies(255)))).toBe('EMSGSIZE');
    expect(ends.send('x', copies(254))).toBe(1);
    expect(ends.receive({ control: controlSpace(254 * FD) })).toEqual(whole('x', Array<string>(254).fill('sent')));
    ends.send('y', copies(1));
    // FreeBSD 15 says EMFILE.
    expect(attempt(() => ends.withFullTable(() => ends.receive({ size: 1 })))).toBe('EMSGSIZE');
    // The descriptors are lost, the bytes are not.
    expect(ends.receive({ size: 1 })).toEqual(whole('y'));
  });

  test(`${SUITE}.truncated_rights, on FreeBSD, case 3: of three in one control message all come or none`, () => {
    using ends = new Ends(start());
    ends.send(
      'x',
      ['first', 'second', 'third'].map((name) => ends.file(name)),
    );
    expect(ends.receive({ size: 1, control: controlSpace(FD) })).toEqual(cut('x'));
  });

  test.each([
    ['in front', (fd: number) => [[], [fd]]],
    ['behind', (fd: number) => [[fd], []]],
  ])(`${SUITE}.empty_rights_message, on FreeBSD: one %s changes nothing, and no byte is needed`, (_title, fds) => {
    using ends = new Ends(start());
    expect(ends.send('', [], { fds: fds(ends.file('sent')) })).toBe(0);
    expect(ends.receive({ size: 0, control: controlSpace(FD) })).toEqual(whole('', ['sent']));
  });
});

/** Offers as many bytes as the send buffer has, with one descriptor. */
function sendLarge(ends: Ends): { taken: number; text: string } {
  const text = 'x'.repeat(ends.calls.getsockopt(ends.sender, 'SO_SNDBUF'));
  return { taken: ends.send(text, [ends.file('sent')]), text };
}
