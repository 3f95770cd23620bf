import { addonChild } from './addon-child';

it('descriptors the kernel could not install are told as truncated, and the rest is a prefix', async () => {
  const child = addonChild(
    `
    const [ours, theirs] = pair();
    const files = Array.from({ length: 10 }, () => addon.memfd('file', false, new Uint8Array(), 0));
    const fs = require('node:fs');
    const inodes = files.map((fd) => fs.fstatSync(fd).ino);
    addon.sendMessage(theirs, Buffer.from('x'), files);
    addon.sendMessage(theirs, Buffer.from('y'), []);
    addon.sendMessage(theirs, Buffer.from('z'), files);
    const fillers = [];
    for (let fd = addon.dup(0); fd >= 0; fd = addon.dup(0)) fillers.push(fd);
    closeAll(fillers.splice(0, 4));
    addon.openSocket(ours, {
      read(slab, count) {
        const segments = addon.readSegments.slice(0, count * 4);
        const fds = addon.readFds.slice(0, 4);
        closeAll([...fillers]);
        const prefix = [...fds].every((fd, index) => fs.fstatSync(fd).ino === inodes[index]);
        console.log(JSON.stringify({ segments: [...segments], prefix }));
        addon.closeHandle(ours);
      },
      writable() {},
      hangup() {},
    });
    addon.allowReading(ours, Infinity, Infinity);
    `,
    { limit: 64 },
  );
  const { stdout } = await child.succeeded();
  expect(JSON.parse(stdout)).toEqual({ segments: [0, 1, 4, 1, 1, 2, 0, 1], prefix: true });
});

it('accepting is switched off when descriptors run out, and can be switched on again', async () => {
  const child = addonChild(
    `
    const server = addon.socket();
    const address = Buffer.from('\\0ancillary-emfile-' + process.pid);
    addon.bind(server, address);
    addon.listen(server, 10);
    const client = addon.socket();
    addon.connect(client, address);
    const fillers = [];
    for (let fd = addon.dup(0); fd >= 0; fd = addon.dup(0)) fillers.push(fd);
    const seen = [];
    addon.openListener(server, {
      connection(fd) {
        seen.push(fd >= 0);
        addon.closeHandle(server);
        console.log(JSON.stringify(seen));
      },
      failed(errno) {
        seen.push(errno);
        // Were it still accepting, it would fail again in each of these turns.
        setImmediate(() => setImmediate(() => {
          closeAll(fillers);
          addon.setAccepting(server, true);
        }));
      },
    });
    addon.setAccepting(server, true);
    `,
    { limit: 64 },
  );
  const { stdout } = await child.succeeded();
  expect(JSON.parse(stdout)).toEqual([-24, true]);
});

it('an exception of a callback goes to uncaughtException, and the socket lives on', async () => {
  const child = addonChild(`
    const [ours, theirs] = pair();
    const seen = [];
    process.on('uncaughtException', (error) => {
      seen.push(error.message);
      addon.sendMessage(theirs, Buffer.from('again'), []);
    });
    addon.openSocket(ours, {
      read(slab, count) {
        if (seen.length === 2) {
          addon.closeHandle(ours);
          console.log(JSON.stringify(seen));
        } else if (seen.length === 1) process.nextTick(() => { throw new Error('tick'); });
        else throw new Error('read');
      },
      writable() {},
      hangup() {},
    });
    addon.allowReading(ours, Infinity, Infinity);
    addon.sendMessage(theirs, Buffer.from('first'), []);
  `);
  const { stdout } = await child.succeeded();
  expect(JSON.parse(stdout)).toEqual(['read', 'tick']);
});

it('an exception nobody handles ends the process as any other', async () => {
  const { code, stderr } = await addonChild(`
    const [ours, theirs] = pair();
    addon.openSocket(ours, { read() { throw new Error('unheard'); }, writable() {}, hangup() {} });
    addon.allowReading(ours, Infinity, Infinity);
    addon.sendMessage(theirs, Buffer.from('x'), []);
  `).finished;
  expect(code).toBe(1);
  expect(stderr).toContain('Error: unheard');
});

it('an open socket keeps the process running only while it reads and is referenced', async () => {
  await addonChild(`
    const callbacks = { read() {}, writable() {}, hangup() {} };
    const [idle] = pair();
    addon.openSocket(idle, callbacks);
    const [unreferenced] = pair();
    addon.openSocket(unreferenced, callbacks);
    addon.allowReading(unreferenced, Infinity, Infinity);
    addon.setRef(unreferenced, false);
  `).succeeded();
});
