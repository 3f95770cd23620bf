import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { adopt, fds, socketpair } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';
import { withBarePeer } from '../support/bare-peer';
import { built } from '../support/built';
import { start } from '../support/children';
import { identity } from '../support/descriptors';

const FD_CLOEXEC = 1;

/** Runs a body with the built package as `ancillary` and a socket at 3; `limit` is its RLIMIT_NOFILE. */
function child(body: string, socket: number, limit?: number) {
  const source = `
    const ancillary = require(${JSON.stringify(built())});
    const fs = require('node:fs');
    (async () => { ${body} })();
  `;
  const command = `${limit === undefined ? '' : `ulimit -n ${limit} && `}exec "$0" -e "$1"`;
  return start('sh', ['-c', command, process.execPath, source], { descriptors: [socket] });
}

it('tells when the kernel dropped descriptors (MSG_CTRUNC): of 100 sent to a process that may open 64', async () => {
  using ends = withBarePeer();
  using file = fds.memfd('sent');
  await ends.socket.send(
    'x',
    Array.from({ length: 100 }, () => file),
  );
  const body = `
    const count = () => { try { return fs.readdirSync('/proc/self/fd').length; } catch { return Infinity; } };
    const before = count();
    const socket = ancillary.adopt(3);
    const code = await socket.receive(1).then(() => 'none', (error) => error.code);
    // A thread closes them. Counted are waits, not time, since on a machine that is busy both are late.
    for (let waits = 0; waits < 1000 && count() > before; waits++) await new Promise((done) => setTimeout(done, 5));
    console.log(JSON.stringify({ code, leaked: count() > before }));
  `;
  const { stdout } = await child(body, ends.peer.fd, 64).succeeded();
  expect(JSON.parse(stdout)).toEqual({ code: 'ERR_FD_TRUNCATED', leaked: false });
});

it('received descriptors are close-on-exec: a child does not inherit them', async () => {
  const [sender, receiver] = socketpair();
  using file = fds.memfd('secret');
  await sender.send('x', [file]);
  using frame = await receiver.receive(1);
  expect(frame.fds.map(({ fd }) => addon.descriptorFlags(fd))).toEqual([FD_CLOEXEC]);
  sender.destroy();
  receiver.destroy();
  const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
  expect(stdout).toMatch(/0 -> /);
  expect(stdout).not.toMatch(/secret/);
});

it('the sockets themselves are close-on-exec too', () => {
  const [left, right] = socketpair();
  expect([left, right].map(({ fd }) => addon.descriptorFlags(fd))).toEqual([FD_CLOEXEC, FD_CLOEXEC]);
  left.destroy();
  right.destroy();
});

describe('descriptor 0', () => {
  it('is sent like any other', async () => {
    const [sender, receiver] = socketpair();
    await sender.send('x', [0]);
    using frame = await receiver.receive(1);
    expect(frame.fds.map(({ fd }) => identity(fd))).toEqual([identity(0)]);
    sender.destroy();
    receiver.destroy();
  });

  it('is received, lent, sent on and adopted like any other', async () => {
    using ends = withBarePeer();
    const [left, right] = nativeBinding.socketpair();
    const other = adopt(right);
    await ends.socket.send('x', [left], { transfer: true });
    const body = `
      const socket = ancillary.adopt(3);
      fs.closeSync(0);
      const frame = await socket.receive(1);
      const [own] = frame.fds;
      const { fd } = own;
      await socket.send('y', [own]);
      const adopted = ancillary.adopt(own);
      await adopted.send('z', [0]);
      console.log(JSON.stringify({ fd, adopted: adopted.fd }));
      socket.destroy();
      adopted.destroy();
    `;
    const { stdout } = await child(body, ends.peer.fd).succeeded();
    expect(JSON.parse(stdout)).toEqual({ fd: 0, adopted: 0 });
    using back = await ends.socket.receive(1);
    using through = await other.receive(1);
    expect([...back.fds, ...through.fds].map(({ fd }) => fds.describeFd(fd).kind)).toEqual([
      'unix-socket',
      'unix-socket',
    ]);
    other.destroy();
  });
});

it('the number of a descriptor that was closed after send() and used again is not sent in its place', async () => {
  const [sender, receiver] = socketpair();
  addon.setSocketOption(sender.fd, addon.constants.SO_SNDBUF, 8_192);
  const blocked = sender.send(Buffer.alloc(100_000));
  const file = fds.memfd('sent');
  const expected = identity(file.fd);
  const { fd } = file;
  const sent = sender.send('x', [file]);
  file.close();
  const reused = openSync('/dev/null', 'r');
  expect(reused).toBe(fd);
  const filler = await receiver.receive(100_000);
  using frame = await receiver.receive(1);
  await Promise.all([blocked, sent]);
  expect(filler.fds).toEqual([]);
  expect(frame.fds.map((each) => identity(each.fd))).toEqual([expected]);
  closeSync(reused);
  sender.destroy();
  receiver.destroy();
});
