import fs from 'node:fs';
import { adopt, type FdSocket, fds, type OwnedFd, socketpair, type SocketpairOptions } from '../../packages/ancillary';
import { node, python } from '../support/children';
import { built } from '../support/built';
import { codeOf, destroyed } from './sockets';

/** Whether O_NONBLOCK is set, as /proc says. */
function nonBlocking(fd: number): boolean {
  const flags = /^flags:\s+(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
  return (parseInt(flags, 8) & fs.constants.O_NONBLOCK) !== 0;
}

it('with child, the second end is an OwnedFd in blocking mode, and the first a socket as ever', async () => {
  const [ours, theirs]: [FdSocket, OwnedFd] = socketpair({ child: true });
  expect([nonBlocking(ours.fd), nonBlocking(theirs.fd)]).toEqual([true, false]);
  expect(fds.describeFd(theirs)).toMatchObject({ kind: 'unix-socket', access: 'read-write' });
  const peer = adopt(theirs, { highWaterMark: 10 });
  await ours.send('text');
  expect((await peer.receive(4)).bytes.toString()).toBe('text');
  await destroyed(ours, peer);
});

it('a child that knows nothing of Node waits for what is sent later, and for room', async () => {
  const [ours, theirs] = socketpair({ child: true });
  const child = python(
    `
import socket
peer = socket.socket(fileno=3)
assert peer.gettimeout() is None
print('ready', flush=True)
message, fds, _, _ = socket.recv_fds(peer, 100, 1)
print(open(fds[0]).read(), flush=True)
peer.sendall(message * 1_000_000)
`,
    { descriptors: [theirs.fd] },
  );
  theirs.close();
  expect(await child.line()).toBe('ready');
  using memfd = fds.memfd('x', Buffer.from('content'));
  await ours.send('four', [memfd]);
  expect(await child.line()).toBe('content');
  expect((await ours.receive(4_000_000)).bytes.subarray(-4).toString()).toBe('four');
  await child.succeeded();
  await destroyed(ours);
});

it('a child in Node adopts it', async () => {
  const [ours, theirs] = socketpair({ child: true });
  const child = node(`const { adopt } = require(${JSON.stringify(built())}); const s = adopt(3); s.pipe(s);`, {
    descriptors: [theirs.fd],
  });
  theirs.close();
  ours.end('there and back');
  expect((await ours.receive(14)).bytes.toString()).toBe('there and back');
  await child.succeeded();
  await destroyed(ours);
});

it('without child, and with child: false, both are sockets; what is no boolean is refused', async () => {
  for (const options of [undefined, {}, { child: false }] as const) {
    const pair: [FdSocket, FdSocket] = socketpair(options);
    await destroyed(...pair);
  }
  const wrong = { child: 'yes' } as unknown as SocketpairOptions;
  expect(await codeOf(() => socketpair(wrong))).toBe('ERR_INVALID_ARG_TYPE');
  expect(await codeOf(() => socketpair({ child: true, highWaterMark: 0 }))).toBe('ERR_OUT_OF_RANGE');
});
