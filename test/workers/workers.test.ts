import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import * as ancillary from '../../packages/ancillary';
import * as codec from '../../packages/codec';
import * as rpc from '../../packages/rpc';
import { expectDescriptors, identity, openDescriptors } from '../support/descriptors';
import { plainJavaScript } from '../support/plain-javascript';
import { pump } from './pumping';

// A worker is another environment in the same process: the descriptor table is one, the event loops are several.

let library: string;

beforeAll(() => {
  library = plainJavaScript();
});

const started: Worker[] = [];

/** A worker that ends with its test at the latest. */
function startWorker(task: 'pump' | 'pumpForEver' | 'hold' | 'convert' | 'close' | 'reuse'): Worker {
  const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: { task, library } });
  started.push(worker);
  return worker;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.terminate()));
});

/** The next message of a worker; rejects when it fails or ends. */
async function message(worker: Worker): Promise<unknown> {
  const ended = new AbortController();
  const onExit = () => {
    ended.abort(new Error('the worker has ended'));
  };
  worker.once('exit', onExit);
  try {
    const [value] = (await once(worker, 'message', { signal: ended.signal })) as unknown[];
    return value;
  } finally {
    worker.off('exit', onExit);
  }
}

test('two workers and the main thread pump at once, and every frame has its own descriptors', async () => {
  const workers = [startWorker('pump'), startWorker('pump')];
  const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
  const reports = await Promise.all([...workers.map(message), pump({ ancillary, codec, rpc }, 2000)]);
  for (const report of reports) expect(report).toEqual({ frames: 2000, descriptors: 4000, mistakes: [] });
  expect(await ended).toEqual([[0], [0]]);
});

test('workers that are terminated while they pump leave no descriptor open, and the main thread pumps on', async () => {
  const before = openDescriptors();
  for (let round = 0; round < 20; round++) {
    const workers = [startWorker('pumpForEver'), startWorker('pumpForEver')];
    const mistakes = await Promise.all(workers.map(message));
    expect(mistakes).toEqual([[], []]);
    const pumping = pump({ ancillary, codec, rpc }, 100);
    // Each round ends at another point of the traffic.
    for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
    await Promise.all(workers.map((worker) => worker.terminate()));
    expect(await pumping).toEqual({ frames: 100, descriptors: 200, mistakes: [] });
  }
  await expectDescriptors(before, 'the life of the workers');
});

test('a worker that is terminated while it loads the library leaves nothing open', async () => {
  const before = openDescriptors();
  for (let round = 0; round < 20; round++) {
    const worker = startWorker('pumpForEver');
    await once(worker, 'online');
    for (let turn = 0; turn < round * 10; turn++) await new Promise(setImmediate);
    await worker.terminate();
  }
  await expectDescriptors(before, 'the life of the workers');
});

test.each([
  ['held is closed: its files, received ones, sockets, and copies of what waited', 'hold', 18],
  ['made of descriptors is closed: streams of files, pipes and devices, sockets and servers', 'convert', 7],
] as const)('what a terminated worker %s', async (_what, task, count) => {
  const before = openDescriptors();
  for (let round = 0; round < 5; round++) {
    const worker = startWorker(task);
    const held = (await message(worker)) as [fd: number, identity: string][];
    expect(held).toHaveLength(count);
    expect(held.map(([fd]) => [fd, identity(fd)])).toEqual(held);
    await worker.terminate();
    await expectDescriptors(before, `round ${round}`);
  }
});

test('a worker that is terminated while streams of files close leaves none of them open', async () => {
  const before = openDescriptors();
  for (let round = 0; round < 5; round++) {
    const worker = startWorker('close');
    expect(await message(worker)).toBe(50);
    await worker.terminate();
    await expectDescriptors(before, `round ${round}`);
  }
});

test('a worker that ends does not close the number of a stream that it had closed, which is of another file by now', async () => {
  const worker = startWorker('reuse');
  const number = (await message(worker)) as number;
  const mine: number[] = [];
  while (!mine.includes(number) && mine.length < 1000) mine.push(openSync('/dev/null', 'r'));
  const ended = once(worker, 'exit');
  worker.postMessage('end');
  await ended;
  for (const fd of mine) closeSync(fd);
  expect(mine).toContain(number);
});
