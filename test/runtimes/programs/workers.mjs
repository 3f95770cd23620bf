import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { contentOf } from './file.mjs';
import { fds, socketpair } from 'ancillary';

const serving = new URL('./worker.mjs', import.meta.url);

export const checks = {
  async 'a worker thread serves a socket that it adopts'() {
    const [a, b] = socketpair();
    const number = fds.dup(b.fd).take();
    b.destroy();
    const worker = new Worker(serving, { workerData: { number } });
    const exited = once(worker, 'exit');
    await a.send('a question');
    a.end();
    let content;
    for await (const frame of a.frames()) {
      if (frame.fds.length > 0) content = await contentOf(frame.fds[0]);
    }
    await exited;
    assert.equal(content, 'an answer to: a question');
  },

  async 'a worker thread that is terminated leaves nothing open'() {
    const worker = new Worker(new URL('./hoarding-worker.mjs', import.meta.url));
    await once(worker, 'message');
    await worker.terminate();
  },
};
