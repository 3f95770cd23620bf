import { setImmediate as nextTurn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { writeSync } from 'node:fs';
import { Control } from '../faults/control';
import { differencesAfterSettling, openDescriptors } from '../support/descriptors';
import { Exchange, type Parts } from './exchange';
import { type Ending, ENDINGS, type Hook, HOOKS } from './hooks';

/*
 * Runs in a Node of its own, with the shim of test/faults before libc, which counts closes of what is not open. Does one exchange
 * for each hook and ending, and one in a worker that ends there; prints what was wrong. Arguments: the file of the shim, a
 * directory for sockets.
 */

const HANGS_MS = 60_000;
const MOST_TURNS = 2_000;
const TURNS_AFTERWARDS = 20;

const [, , controlFile = '', directory = ''] = process.argv;
let uncaught: string[] = [];

class Thrown extends Error {}

function doIt(ending: Ending, { socket, peer, server }: Parts, aborter: AbortController): void {
  switch (ending) {
    case 'destroy':
      socket?.destroy();
      return;
    case 'destroy with an error':
      socket?.destroy(new Error('on purpose'));
      return;
    case 'end':
      socket?.end();
      return;
    case 'abort':
      aborter.abort();
      return;
    case 'throw':
      throw new Thrown('thrown on purpose');
    case 'the peer leaves':
      peer?.destroy();
      return;
    case 'the server closes':
      void server?.close();
      return;
  }
}

async function trial(path: string, hook: Hook, ending: Ending): Promise<string[]> {
  uncaught = [];
  const before = openDescriptors();
  let reached = false;
  const exchange = new Exchange((each, parts) => {
    if (each !== hook || reached) return;
    reached = true;
    doIt(ending, parts, exchange.aborter);
  });
  const watchdog = setTimeout(() => {
    writeSync(2, `a promise does not settle: ${ending} at ${hook}\n`);
    process.exit(3);
  }, HANGS_MS);
  exchange.start(path);
  const isReached = (): boolean => reached;
  // A timer of the exchange takes a millisecond, and not a number of turns.
  for (let turn = 0; turn < MOST_TURNS && !isReached(); turn++) {
    if (turn > 100) await new Promise((resolve) => setTimeout(resolve, 1));
    else await nextTurn();
  }
  for (let turn = 0; turn < TURNS_AFTERWARDS; turn++) await nextTurn();
  await exchange.finish();
  const left = await differencesAfterSettling(before);
  clearTimeout(watchdog);
  return [...(isReached() ? [] : ['not reached']), ...left, ...uncaught];
}

async function inWorker(path: string, hook: Hook): Promise<string[]> {
  const before = openDescriptors();
  const worker = new Worker(__filename, {
    workerData: { path, hook },
    argv: [controlFile, directory],
    stdout: true,
    stderr: true,
  });
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  const code = await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  const left = await differencesAfterSettling(before);
  return [...(code === 7 ? [] : [`the worker ended with ${String(code)}`]), ...messages.map(String), ...left];
}

/** In the worker: ends it at the hook. */
function endAt(path: string, hook: Hook): void {
  const exchange = new Exchange((each) => {
    if (each === hook) process.exit(7);
  });
  exchange.start(path);
  // Held until then.
  const timer = setInterval(() => undefined, 1_000);
  setTimeout(() => {
    clearInterval(timer);
    parentPort?.postMessage('not reached');
    process.exit(8);
  }, HANGS_MS);
}

async function main(): Promise<void> {
  process.on('uncaughtException', (error) => {
    if (!(error instanceof Thrown)) uncaught.push(`uncaught: ${error.stack ?? error.message}`);
  });
  process.on('unhandledRejection', (reason) => {
    if (!(reason instanceof Thrown)) uncaught.push(`unhandled: ${String(reason)}`);
  });
  process.on('warning', (warning) => {
    // That it is nobody's is what one of the hooks is about.
    if (!('code' in warning) || warning.code !== 'ANCILLARY_NO_LISTENER') uncaught.push(`warning: ${warning.message}`);
  });
  using control = new Control(controlFile);
  const tell = (hook: Hook, ending: string, wrong: readonly string[]): void => {
    writeSync(1, `${JSON.stringify({ hook, ending, wrong })}\n`);
  };
  let number = 0;
  const path = (): string => `${directory}/${number++}`;
  // What is opened once, and stays open.
  await trial(path(), 'close', 'destroy');
  for (const hook of HOOKS) {
    for (const ending of ENDINGS) {
      control.start();
      const wrong = await trial(path(), hook, ending);
      const { badCloses } = control.stop();
      tell(hook, ending, badCloses === 0 ? wrong : [...wrong, `${badCloses} closes too many`]);
    }
  }
  await inWorker(path(), 'close');
  for (const hook of HOOKS) {
    control.start();
    const wrong = await inWorker(path(), hook);
    const { badCloses } = control.stop();
    tell(hook, 'the worker ends', badCloses === 0 ? wrong : [...wrong, `${badCloses} closes too many`]);
  }
  process.exit(0);
}

if (isMainThread) void main();
else {
  const { path, hook } = workerData as { path: string; hook: Hook };
  endAt(path, hook);
}
