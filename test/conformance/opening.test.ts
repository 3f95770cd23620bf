import { type OwnedFd } from '../../packages/binding';
import { thrown } from '../native/thrown';
import { Recorder } from '../native/recorder';
import { openEnd, openEnds, part, quiet, until } from './ends';
import { type Kernel, onEach } from './kernel';
import { kernels, linux } from './kernels';
import { received, SentFiles } from './sent-files';
import { openSockets } from './sockets';

// open(), socketpair(), peerCredentials(), after().

/** Tries to open what is none, and sees that it stays open and its owner's. */
function refusal(kernel: Kernel, socket: OwnedFd): unknown {
  const { descriptors } = kernel.bindings[0];
  const error = thrown(() => kernel.bindings[0].open(socket, new Recorder()));
  expect(socket.closed).toBe(false);
  expect(descriptors.isOpen(socket.fd)).toBe(true);
  expect(thrown(() => descriptors.own(socket.fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
  socket.close();
  return error;
}

onEach(kernels, (test) => {
  test('open() takes the socket over: the owner has it no more, and nobody else can adopt it', (kernel) => {
    const [ours, theirs] = kernel.socketpair();
    using peer = theirs;
    const { fd } = ours;
    const { socket } = openEnd(kernel, ours, 0);
    expect([ours.closed, socket.fd, peer.closed]).toEqual([true, fd, false]);
    const { descriptors } = kernel.bindings[0];
    expect(thrown(() => descriptors.own(fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
    expect(thrown(() => descriptors.close(fd))).toMatchObject({ code: 'EBADF' });
    descriptors.closeAll([fd]);
    expect(descriptors.isOpen(fd)).toBe(true);
    socket.close();
    expect(descriptors.isOpen(fd)).toBe(false);
  });

  test('open() of a file is ERR_FD_KIND, and it stays with the caller', (kernel) => {
    expect(refusal(kernel, kernel.open(0))).toMatchObject({ name: 'AncillaryError', code: 'ERR_FD_KIND' });
  });

  test('open() of a socket that is no stream is ERR_FD_KIND, and it stays with the caller', (kernel) => {
    expect(refusal(kernel, kernel.datagramSocket(0))).toMatchObject({ name: 'AncillaryError', code: 'ERR_FD_KIND' });
  });

  test('open() of what is closed is EBADF', (kernel) => {
    const [ours, theirs] = kernel.socketpair();
    ours.close();
    theirs.close();
    expect(thrown(() => kernel.bindings[0].open(ours, new Recorder()))).toMatchObject({ code: 'EBADF' });
  });

  test('a socket that was received can be opened, and both sides talk over it', async (kernel) => {
    using ends = openEnds(kernel);
    const [kept, given] = kernel.bindings[0].socketpair();
    const near = openEnd(kernel, kept, 0);
    ends.sender.socket.sendParts([part('x', [given.fd])]);
    given.close();
    ends.receiver.socket.allowReading(1, 1);
    await until(() => ends.receiver.told.fds.length === 1);
    const [received] = ends.receiver.told.fds;
    if (received === undefined) throw new Error('no descriptor came');
    const far = openEnd(kernel, received, 1);
    far.socket.sendParts([part('hello')]);
    near.socket.allowReading(Infinity, Infinity);
    await until(() => near.told.text === 'hello');
    far.socket.close();
    await until(() => near.told.end === 'eof');
    near.socket.close();
  });

  test('peerCredentials() tells the process at the other end', (kernel) => {
    using ends = openEnds(kernel);
    expect(ends.sender.socket.peerCredentials()).toEqual(kernel.credentials[1]);
    expect(ends.receiver.socket.peerCredentials()).toEqual(kernel.credentials[0]);
    ends.receiver.socket.close();
    expect(ends.sender.socket.peerCredentials()).toEqual(kernel.credentials[1]);
  });

  test('socketpair() makes two connected sockets of this process, which its caller owns', async (kernel) => {
    const pair = kernel.bindings[1].socketpair();
    for (const { fd } of pair) {
      expect(thrown(() => kernel.bindings[1].descriptors.own(fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
    }
    const [a, b] = [openEnd(kernel, pair[0], 1), openEnd(kernel, pair[1], 1)];
    expect(a.socket.peerCredentials()).toEqual(kernel.credentials[1]);
    a.socket.sendParts([part('there')]);
    b.socket.allowReading(Infinity, Infinity);
    await until(() => b.told.text === 'there');
    for (const { socket } of [a, b]) socket.close();
  });

  test('socketpair() without free numbers is EMFILE, and opens nothing', (kernel) =>
    kernel.withFreeNumbers(1, 0, () => {
      const error = thrown(() => kernel.bindings[0].socketpair());
      expect(error).toMatchObject({ code: 'EMFILE', syscall: 'socketpair', errno: -24 });
      kernel.open(0).close();
      return Promise.resolve();
    }));

  test('after() calls back once, later, sooner ones first, and not at all when that is given up', async (kernel) => {
    const called: string[] = [];
    const [binding] = kernel.bindings;
    await new Promise<void>((resolve) => {
      binding.after(20, () => {
        called.push('20');
        resolve();
      });
      binding.after(1, () => called.push('1'));
      const giveUp = binding.after(2, () => called.push('given up'));
      expect(called).toEqual([]);
      giveUp();
      giveUp();
    });
    await quiet();
    expect(called).toEqual(['1', '20']);
  });
});

onEach(linux, (test) => {
  test('a byte that is sent out of band comes in its place, with its descriptors', async (kernel) => {
    const [theirs, ours] = kernel.socketpair();
    using peer = theirs;
    using files = new SentFiles(kernel, 1);
    const { socket, told } = openEnd(kernel, ours, 1);
    kernel.sendOutOfBand(peer, 0, '!', files.numbers);
    socket.allowReading(Infinity, Infinity);
    await until(() => told.text === '!');
    expect(received(kernel, told.fds)).toEqual(files.identities);
    told[Symbol.dispose]();
    socket.close();
  });
});

onEach(kernels, (test) => {
  test('the peer of an FdSocket is the process at the other end; what the kernel has no answer for is undefined', async (kernel) => {
    using sockets = openSockets(kernel);
    const { sender, receiver } = sockets;
    expect(sender.peer).toMatchObject(kernel.credentials[1]);
    expect(receiver.peer).toMatchObject(kernel.credentials[0]);
    expect(receiver.peer).toBe(receiver.peer);
    const { groups, pidfd, securityLabel } = receiver.peer;
    expect([groups === undefined || Array.isArray(groups), typeof (securityLabel ?? '')]).toEqual([true, 'string']);
    receiver.destroy();
    expect(pidfd?.closed ?? true).toBe(true);
    await quiet();
  });
});
