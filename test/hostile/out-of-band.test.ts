import { addonChild } from '../native/addon-child';
import { inChild } from './child';

// A peer sends a byte out of band (docs/kernel.md 26), which raises POLLPRI until it is read, and nobody reads it.

/** How to send one: with the number of a socket, which another process gets a copy of. */
const URGE = `
  const urge = (fd) => {
    const source = 'import socket; socket.socket(fileno=3).send(b"!", socket.MSG_OOB)';
    const { status } = require('node:child_process').spawnSync('python3', ['-c', source], { stdio: [0, 1, 2, fd] });
    if (status !== 0) throw new Error('send');
  };
  /** How often the event loop turned while so many timers fired. */
  const turnsOf = async (timers) => {
    const turns = () => require('node:perf_hooks').performance.nodeTiming.uvMetricsInfo.loopCount;
    const before = turns();
    for (; timers > 0; timers--) await new Promise((resolve) => setTimeout(resolve, 1));
    return turns() - before;
  };`;

describe.each(['libuv', 'thread'])('waiting by %s, an out-of-band byte wakes nobody who does not read', (poller) => {
  it.each([
    ['after end() where nobody reads', `socket.end();`],
    [
      `after end() with 'data' paused and as much waiting as may`,
      `socket.on('data', () => undefined);
      socket.pause();
      peer.write(Buffer.alloc(200_000));
      await until(() => socket.stats.bytesRead > 0);
      socket.end();`,
    ],
    [
      'after end() with the promise of a handler pending',
      `await peer.send(lengthPrefixed({ countBytes: 0 }).encode({ bytes: Buffer.from('a frame') }).bytes);
      let called = false;
      const handle = () => { called = true; return new Promise(() => undefined); };
      void socket.forEachFrame(handle, lengthPrefixed({ countBytes: 0 }));
      await until(() => called);
      socket.end();`,
    ],
    ['after receive() and end()', `await peer.send('hello'); await socket.receive(5); socket.end();`],
    ['while a write waits for room', `socket.write(Buffer.alloc(4_000_000));`],
    ['of a socket that does nothing', ''],
  ])('%s', async (_, before) => {
    const { result } = await inChild<number>(
      `${URGE}
      const [socket, peer] = ancillary.socketpair();
      ${before}
      await turns(10);
      urge(peer.fd);
      return await turnsOf(100);`,
      { env: { ANCILLARY_POLLER: poller } },
    );
    // One for each timer, and a few for whatever else Node does.
    expect(result).toBeLessThan(400);
  });

  it('and a hang-up is told all the same, once', async () => {
    const { stdout } = await addonChild(
      `${URGE}
      const [fd, peer] = pair();
      const hangup = () => {
        console.log('hung up');
        // Nothing is watched from here on, so nothing keeps the loop running.
        addon.setRef(fd, true);
      };
      if (addon.openSocket(fd, { read() {}, writable() {}, hangup }) !== 0) throw new Error('openSocket');
      addon.watchHangup(fd, false);
      urge(peer);
      void turnsOf(20).then(async (turns) => {
        console.log(turns < 80);
        addon.close(peer);
        console.log((await turnsOf(20)) < 80);
      });`,
      { env: { ANCILLARY_POLLER: poller } },
    ).succeeded();
    expect(stdout).toBe('true\nhung up\ntrue\n');
  });
});
