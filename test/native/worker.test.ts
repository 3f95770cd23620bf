import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { openEnds, put } from './recorder';

const ROOT = path.join(__dirname, '..', '..');

/** Pumps descriptors through its own pairs for ever, holding some, and says when it is under way. */
const PUMPING = `
  const { parentPort, workerData } = require('node:worker_threads');
  const addon = require(workerData.loader)(workerData.root);
  function closeAll(fds) {
    addon.closeFds.set(fds);
    addon.closeAll(fds.length);
  }
  function pump() {
    const [ours, theirs] = addon.socketpair(pair) === 0 ? pair : [];
    const held = [];
    addon.openSocket(ours, {
      read(slab, count) {
        let fds = 0;
        for (let i = 0; i < count; i++) fds += addon.readSegments[i * 4 + 2];
        held.push(...addon.readFds.subarray(0, fds));
        if (held.length > 100) {
          closeAll(held.splice(0, held.length - 10));
          parentPort.postMessage('under way');
        }
        addon.allowReading(ours, Infinity, Infinity);
      },
      writable() {},
      hangup() {},
    });
    const bytes = [Buffer.alloc(50), Buffer.alloc(300)];
    addon.openSocket(theirs, { read() {}, writable: fill, hangup() {} });
    function fill() {
      for (let i = 0; i < 100; i++) {
        addon.sendMany(theirs, bytes, [3, 0], [0, 1, 2]);
        if (addon.sendState[0] === -11) return addon.watchWritable(theirs);
        if (addon.sendState[0] !== 0) break;
      }
      setImmediate(fill);
    }
    addon.allowReading(ours, Infinity, Infinity);
    fill();
  }
  const pair = new Int32Array(2);
  pump();
  pump();
`;

function startPumping(): Worker {
  const loader = require.resolve('node-gyp-build');
  return new Worker(PUMPING, { eval: true, workerData: { root: ROOT, loader } });
}

// The environment of these tests checks that no descriptor is left open.
it('a worker terminated while pumping closes its sockets and what it held', async () => {
  using ends = openEnds();
  ends.socket.allowReading(Infinity, Infinity);
  for (let round = 1; round <= 10; round++) {
    const workers = [startPumping(), startPumping()];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    put(ends.peer, 'x');
    await Promise.all(workers.map((worker) => worker.terminate()));
    await ends.recorder.until(() => ends.recorder.text.length === round);
  }
});

it('a worker terminated while it starts leaves nothing', async () => {
  for (let round = 0; round < 10; round++) {
    const worker = startPumping();
    await once(worker, 'online');
    for (let turn = 0; turn < round * 20; turn++) await new Promise(setImmediate);
    await worker.terminate();
  }
});
