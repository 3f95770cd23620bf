import { statSync } from 'node:fs';
import { handoff } from '../../packages/ancillary';
import { c, python } from '../support/children';
import { identity } from '../support/descriptors';
import { Files } from '../support/files';
import { startPeer } from '../support/peer';
import { PYTHON_WITH_SOCKET } from './python-peer';
import { QA1541, QA1541_AS_PRINTED } from './qa1541-peer';

const acknowledge = true;

describe('a C program that speaks the protocol of QA1541', () => {
  test('as sender gets an acknowledgement for each descriptor that receiveFd() takes', async () => {
    await using peer = startPeer(c, QA1541, { args: ['send', '4'] });
    for (let i = 0; i < 4; i++) {
      using received = await handoff.receiveFd(peer.socket, { acknowledge });
      expect(identity(received.fd)).toBe(await peer.child.line());
      expect(await peer.child.line()).toBe('acknowledged');
    }
    await expect(handoff.receiveFd(peer.socket, { acknowledge })).rejects.toMatchObject({ code: 'EPIPE' });
  });

  test('as sender is told by the end of the stream when the receiver destroys its socket', async () => {
    await using peer = startPeer(c, QA1541, { args: ['send', '1'] });
    using frame = await peer.socket.receive(1);
    expect(frame.bytes.toString()).toBe('D');
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([await peer.child.line()]);
    peer.socket.destroy();
    expect(await peer.child.line()).toBe('EPIPE');
  });

  test('as receiver acknowledges each descriptor, for which sendFd() waits', async () => {
    using files = new Files(4);
    await using peer = startPeer(c, QA1541, { args: ['receive', '4'] });
    for (const [index, file] of files.owned.entries()) {
      await handoff.sendFd(peer.socket, file, { acknowledge });
      expect(await peer.child.line()).toBe(files.identities[index]);
      expect(await peer.child.line()).toBe('acknowledged');
    }
  });

  test('as receiver refuses another byte than D, and sendFd() rejects with EPIPE', async () => {
    using files = new Files(1);
    await using peer = startPeer(c, QA1541, { args: ['receive', '1'] });
    const sent = handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { acknowledge, byte: 0 });
    await expect(sent).rejects.toMatchObject({ code: 'EPIPE' });
    expect(await peer.child.line()).toBe('EINVAL');
  });
});

test('an answer other than A is ERR_FD_REFUSED', async () => {
  using files = new Files(1);
  await using peer = startPeer(python, `${PYTHON_WITH_SOCKET}\npeer.recv(1)\npeer.sendall(b"N")\npeer.recv(1)`);
  const sent = handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { acknowledge });
  await expect(sent).rejects.toMatchObject({ code: 'ERR_FD_REFUSED' });
});

test('an acknowledgement that cannot be sent closes the descriptor', async () => {
  await using peer = startPeer(
    python,
    `${PYTHON_WITH_SOCKET}\nsocket.send_fds(peer, [b"D"], [new_file()])\npeer.close()\nsay("closed")\nsys.stdin.read()`,
  );
  expect(await peer.child.line()).toBe('closed');
  const received = handoff.receiveFd(peer.socket, { acknowledge });
  await expect(received).rejects.toMatchObject({ code: 'EPIPE', syscall: 'sendmsg' });
});

describe('QA1541 with the struct of its listing, which is a hostile peer on a 64-bit system', () => {
  test('sends two descriptors, as the test needs it to', async () => {
    await using peer = startPeer(c, QA1541_AS_PRINTED, { args: ['send', '1'] });
    using frame = await peer.socket.receive(1);
    // The padding's zero names the child's standard input.
    const { dev, ino } = statSync('/dev/null', { bigint: true });
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([await peer.child.line(), `${dev}:${ino}`]);
  });

  test.each([true, false])(
    'as sender (acknowledge: %s) is ERR_FD_SURPLUS: both are closed, nothing is acknowledged, it reads the end',
    async (acknowledge) => {
      await using peer = startPeer(c, QA1541_AS_PRINTED, { args: ['send', '2'] });
      const received = handoff.receiveFd(peer.socket, { acknowledge });
      await expect(received).rejects.toMatchObject({ name: 'AncillaryError', code: 'ERR_FD_SURPLUS' });
      expect(peer.socket.destroyed).toBe(true);
      expect(peer.socket.stats).toMatchObject({ fdsReceived: 2, bytesWritten: 0 });
      await peer.child.line();
      expect(await peer.child.line()).toBe('EPIPE');
      await expect(peer.child.line()).rejects.toThrow('before it wrote another line');
    },
  );

  test('as receiver refuses a correct message with EINVAL, and sendFd() rejects with EPIPE', async () => {
    using files = new Files(1);
    await using peer = startPeer(c, QA1541_AS_PRINTED, { args: ['receive', '1'] });
    const sent = handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { acknowledge });
    await expect(sent).rejects.toMatchObject({ code: 'EPIPE' });
    expect(await peer.child.line()).toBe('EINVAL');
  });
});
