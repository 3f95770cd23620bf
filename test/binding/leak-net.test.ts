import { built } from '../support/built';
import { node } from '../support/children';

/** What the child found: its warnings, and whether the descriptor is open still. */
interface Outcome {
  warnings: { code: string; message: string }[];
  open: boolean;
}

/**
 * Runs `make`, which returns a descriptor's number and drops its owner, in a Node of its own; then lets garbage be
 * collected until a warning comes, or so often that it would have come.
 */
async function drop(make: string): Promise<Outcome> {
  const source = `
    const { fds, OwnedFd, socketpair } = require(${JSON.stringify(built())});
    const fs = require('node:fs');
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message }));
    const turn = () => new Promise(setImmediate);
    // Who is open for so long is watched from then on. Timers fire in the order in which they are due, so this one is behind that.
    const watched = () => new Promise((done) => setTimeout(done, 101));
    const fileOf = (fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return undefined; } };
    async function main() {
      const fd = await (async () => { ${make} })();
      const file = fileOf(fd);
      // Node itself may open something, which gets the number.
      const isOpen = () => file !== undefined && fileOf(fd) === file;
      await watched();
      for (let count = 0; count < 50 && warnings.length === 0; count++) {
        await turn();
        gc();
        await turn();
      }
      // One collection need not find all.
      for (let count = 0; count < 100 && isOpen(); count++) {
        await turn();
        gc();
      }
      console.log(JSON.stringify({ warnings, open: isOpen() }));
      process.exit();
    }
    main();
  `;
  const child = node(source, { env: { NODE_OPTIONS: '--expose-gc --no-warnings' } });
  const { stdout } = await child.succeeded();
  return JSON.parse(stdout) as Outcome;
}

it('closes an OwnedFd that became garbage unclosed, and says once what it was', async () => {
  const { warnings, open } = await drop(`return fds.memfd('forgotten').fd;`);
  expect(warnings).toEqual([
    { code: 'ANCILLARY_LEAK', message: expect.stringMatching(/memfd:forgotten.*closed now/) as string },
  ]);
  expect(open).toBe(false);
});

it('shows what its name would do to a terminal', async () => {
  const { warnings } = await drop(`return fds.memfd('a\\x1b[2J\\nb').fd;`);
  expect(warnings).toEqual([
    { code: 'ANCILLARY_LEAK', message: expect.stringContaining('memfd:a\\x1b[2J\\x0ab (deleted)') as string },
  ]);
});

it('closes a received descriptor that became garbage with its frame', async () => {
  const { warnings, open } = await drop(`
    const [left, right] = socketpair();
    const file = fds.memfd('sent');
    await left.send('x', [file], { transfer: true });
    const frame = await right.receive(1);
    left.destroy();
    right.destroy();
    return frame.fds[0].fd;
  `);
  expect(warnings).toEqual([{ code: 'ANCILLARY_LEAK', message: expect.stringContaining('memfd:sent') as string }]);
  expect(open).toBe(false);
});

it.each([
  ['closed', 'owned.close();', false],
  ['closed long after it was made', 'await watched(); owned.close();', false],
  ['taken', 'owned.take();', true],
  ['taken long after it was made', 'await watched(); owned.take();', true],
  ['disposed', 'owned[Symbol.dispose]();', false],
  ['held', 'globalThis.held = owned;', true],
])('says nothing of one that was %s', async (_, what, stillOpen) => {
  const { warnings, open } = await drop(`const owned = fds.memfd('known'); const { fd } = owned; ${what} return fd;`);
  expect(warnings).toEqual([]);
  expect(open).toBe(stillOpen);
});

const CLOSED_ELSEWHERE = {
  code: 'ANCILLARY_LEAK',
  message: expect.stringMatching(/somebody else had closed it.*left open/) as string,
};

it('leaves open what has the number of one that somebody else closed: a descriptor that was received since', async () => {
  const { warnings, open } = await drop(`
    const [left, right] = socketpair();
    await left.send('x', [fds.memfd('sent')], { transfer: true });
    const owner = fds.memfd('forgotten');
    const { fd } = owner;
    await watched();
    fs.closeSync(fd);
    const frame = await right.receive(1);
    if (frame.fds[0].fd !== fd) throw new Error('another number');
    Object.assign(globalThis, { frame });
    return fd;
  `);
  expect(warnings).toEqual([CLOSED_ELSEWHERE]);
  expect(open).toBe(true);
});

it('and a file that was opened since, by whomever', async () => {
  const { warnings, open } = await drop(`
    const { fd } = fds.memfd('forgotten');
    await watched();
    fs.closeSync(fd);
    if (fs.openSync('/etc/passwd') !== fd) throw new Error('another number');
    return fd;
  `);
  expect(warnings).toEqual([CLOSED_ELSEWHERE]);
  expect(open).toBe(true);
});

it('reports thousands of them in few warnings, which are short', async () => {
  const { warnings, open } = await drop(`
    const { fd } = fds.memfd('the first');
    for (let count = 0; count < 3000; count++) fds.memfd('forgotten ' + 'x'.repeat(200));
    return fd;
  `);
  expect(open).toBe(false);
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings.length).toBeLessThan(10);
  for (const { message } of warnings) expect(message.length).toBeLessThan(1000);
});
