import { openSync, closeSync } from 'node:fs';
import { type FdSocket, socketpair } from '../../packages/ancillary';
import { until } from '../hostile/until';
import { bytesOf, codeOf, destroyed, fill, nextOf } from '../socket/sockets';
import { withDescriptorLimit } from '../support/descriptor-limit';
import { identity } from '../support/descriptors';
import { Files, identitiesOf } from '../support/files';
import { Witness } from './witness';

// The cases of FreeBSD that also say something about an FdSocket: what a user sees of them.

const SUITE = 'FreeBSD unix_passfd_test';

let sender: FdSocket;
let receiver: FdSocket;
beforeEach(() => {
  [sender, receiver] = socketpair({ maxFdsPerFrame: 254 });
});
afterEach(() => destroyed(sender, receiver));

/** The next so many bytes as text, and the files that came with them. */
async function receive(length: number): Promise<[string, string[]]> {
  using frame = await receiver.receive(length);
  return [frame.bytes.toString(), identitiesOf(frame.fds)];
}

describe('an FdSocket', () => {
  test(`${SUITE}.simple_send_fd: a descriptor that was lent is still its owner's, and the file arrives`, async () => {
    using files = new Files(1);
    await sender.send('x', files.numbers);
    expect(await receive(1)).toEqual(['x', files.identities]);
    expect(files.numbers.map(identity)).toEqual(files.identities);
  });

  test(`${SUITE}.send_and_close: a descriptor may be closed as soon as send() returned`, async () => {
    const files = new Files(1);
    const sent = sender.send('x', files.numbers);
    files[Symbol.dispose]();
    await sent;
    expect(await receive(1)).toEqual(['x', files.identities]);
  });

  test(`${SUITE}.send_and_cancel: what nobody read is closed with the sockets`, async () => {
    using witness = new Witness();
    await sender.send('x', [witness.given], { transfer: true });
    expect(witness.gone).toBe(false);
    await destroyed(sender, receiver);
    expect(witness.gone).toBe(true);
  });

  test(`${SUITE}.send_a_lot: 254 descriptors want two bytes, arrive as one frame, and fail where there is no number`, async () => {
    using files = new Files(1);
    const copies = Array<number>(254).fill(files.numbers[0] ?? -1);
    expect(await codeOf(() => sender.send('x', copies))).toBe('ERR_FD_WITHOUT_BYTES');
    await sender.send('xy', copies);
    expect(await receive(2)).toEqual(['xy', Array(254).fill(files.identities[0])]);
    await sender.send('z', copies.slice(1));
    expect(await withDescriptorLimit(0, () => codeOf(() => receiver.receive(1)))).toBe('ERR_FD_TRUNCATED');
  });

  test(`${SUITE}.send_overflow: descriptors that wait for room are closed when the socket is destroyed`, async () => {
    using witness = new Witness();
    sender.on('error', () => undefined);
    fill(sender);
    const sent = codeOf(() => sender.send('x', [witness.given], { transfer: true }));
    await destroyed(sender);
    expect(await sent).toBe('ERR_FD_CLOSED');
    expect(witness.gone).toBe(true);
  });

  test.each(['two_files', 'control_creates_records'])(
    `${SUITE}.%s: two files of two messages arrive each with its own byte`,
    async () => {
      using files = new Files(2);
      const [first = '', second = ''] = files.identities;
      await Promise.all(files.numbers.map((fd, index) => sender.send(String(index), [fd])));
      const frames = receiver.frames();
      for (const [text, file] of [
        ['0', first],
        ['1', second],
      ]) {
        using frame = await nextOf(frames);
        expect([frame.bytes.toString(), identitiesOf(frame.fds)]).toEqual([text, [file]]);
      }
    },
  );

  test(`${SUITE}.bundle: an end that is sent through itself is open until it was received and closed`, async () => {
    const end = identity(sender.fd);
    await sender.send('x', [sender.fd]);
    await destroyed(sender);
    using frame = await receiver.receive(1);
    expect(identitiesOf(frame.fds)).toEqual([end]);
    frame.close();
    expect(await bytesOf(receiver)).toHaveLength(0);
  });

  test(`${SUITE}.bundle_cancel: ends that wait only in each other are released, with all that waits beside them`, async () => {
    using witness = new Witness();
    await sender.send('x', [sender.fd]);
    await receiver.send('x', [sender.fd, witness.given.fd]);
    witness.given.close();
    await destroyed(sender, receiver);
    await until(() => witness.gone);
    expect(witness.gone).toBe(true);
  });

  test(`${SUITE}.devfs_orphan: a device that nobody received is closed with the sockets`, async () => {
    const device = openSync('/dev/null', 'r');
    await sender.send('x', [device]);
    closeSync(device);
    await destroyed(sender, receiver);
    expect([sender.fd, receiver.fd]).toEqual([-1, -1]);
  });

  test(`${SUITE}.rights_creds_payload: a message larger than the socket's room arrives whole, its file with the first part`, async () => {
    using files = new Files(1);
    const text = 'x'.repeat(400_000);
    const sent = sender.send(text, files.numbers);
    expect(await receive(text.length)).toEqual([text, files.identities]);
    await sent;
  });

  test(`${SUITE}.empty_rights_message: an empty list of descriptors is none`, async () => {
    await sender.send('x', []);
    expect(await receive(1)).toEqual(['x', []]);
  });
});
