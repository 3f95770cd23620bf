// Tests an RPC without a kernel, under hundreds of schedules and faults, and replays what fails.
// Run: node examples/testing-an-rpc/test.mjs

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fds, OwnedFd, socketpair } from 'ancillary';
import { drawTimeline, modelSocketPair } from 'ancillary/testing';
import * as rpc from './rpc.mjs';
import * as rpcWithABug from './rpc-with-a-bug.mjs';

/** @typedef {import('ancillary').FdSocket} FdSocket */
/** @typedef {{ serve: typeof rpc.serve, Client: new (socket: FdSocket) => Pick<rpc.Client, 'call'> }} Rpc */

const SEEDS = 200;
const NAMES = ['one', 'two', 'three'];

/**
 * Three questions at once, each with a file, which the server sends back. Rejects where an answer is wrong.
 * @param {Rpc} rpc
 * @param {readonly FdSocket[]} sockets
 * @param {(name: string) => OwnedFd} open
 * @param {(fd: OwnedFd) => string} nameOf
 */
async function converse({ Client, serve }, [mine, theirs], open, nameOf) {
  assert(mine && theirs);
  const serving = serve(theirs, ({ text, fds }) => ({ text: `re: ${text}`, fds }));
  const client = new Client(mine);
  const calls = NAMES.map(async (name) => {
    const { text, fds } = await client.call({ text: name, fds: [open(name)] });
    const answer = [text, ...fds.map(nameOf)];
    OwnedFd.closeAll(fds);
    assert.deepEqual(answer, [`re: ${name}`, name]);
  });
  await Promise.all([serving, Promise.all(calls).then(() => mine.end())]);
}

/**
 * The same over a model. Besides, nobody may wait for ever, and nothing be left open.
 * @param {Rpc} rpc
 * @param {import('ancillary/testing').ModelSocketPairOptions} options
 */
async function runModel(rpc, options) {
  const pair = modelSocketPair(options);
  const { world } = pair;
  /** @type {unknown} */
  let failure;
  try {
    const stuck = world.idle().then(() => assert.fail('everybody waits'));
    await Promise.race([converse(rpc, pair, (name) => world.open(name), world.identity.bind(world)), stuck]);
  } catch (error) {
    failure = error;
  }
  for (const socket of pair) socket.destroy();
  await world.idle();
  const open = world.openDescriptors().flat();
  failure ??= open.length > 0 ? new Error(`left open: ${open}`) : undefined;
  return { failure, open, world };
}

/** @param {Rpc} rpc */
async function overTheKernel(rpc) {
  const nameOf = (/** @type {OwnedFd} */ fd) => /memfd:(\w+)/.exec(fds.describeFd(fd).path ?? '')?.[1] ?? '';
  for (let run = 0; run < SEEDS; run++) {
    const pair = socketpair();
    await converse(rpc, pair, (name) => fds.memfd(name), nameOf);
    for (const socket of pair) socket.destroy();
  }
  return `${SEEDS} runs, all well`;
}

/** Small reads, short writes, refusals: nobody may notice. @param {Rpc} rpc @param {string} name */
async function overAModel(rpc, name) {
  for (let seed = 0; seed < SEEDS; seed++) {
    const { failure, world } = await runModel(rpc, { seed, faults: 0.1 });
    if (failure === undefined) continue;

    const again = await runModel(rpc, { seed, faults: 0.1 });
    assert.equal(String(again.failure), String(failure));
    assert.deepEqual(again.world.timeline, world.timeline);
    const picture = path.join(os.tmpdir(), `${name}-seed-${seed}.svg`);
    fs.writeFileSync(picture, drawTimeline(again.world.timeline, { title: `${name}, seed ${seed}: ${failure}` }));
    return [
      `seed ${seed} fails: ${failure}`,
      `  again with seed ${seed}: the same, in the same ${world.timeline.length} steps. See ${picture}`,
    ].join('\n');
  }
  return `${SEEDS} seeds, all well`;
}

/** The connection breaks in front of each byte: calls may fail, but none may wait for ever. @param {Rpc} rpc */
async function overBrokenConnections(rpc) {
  for (let at = 0; at < 1000; at++) {
    for (const what of /** @type {const} */ (['reset', 'eof'])) {
      const { failure, open, world } = await runModel(rpc, { seed: at, faults: [{ what, at, call: 'recvmsg' }] });
      if (world.faultsLeft.length > 0) return `broken in front of each of ${at} bytes, all borne`;
      assert(!String(failure).includes('everybody waits') && open.length === 0, `${what} at ${at}: ${failure}`);
    }
  }
  throw new Error('the conversation has no end');
}

console.log(`rpc, over the kernel: ${await overTheKernel(rpc)}`);
console.log(`rpc, over a model: ${await overAModel(rpc, 'rpc')}`);
console.log(`rpc, over a model: ${await overBrokenConnections(rpc)}`);
console.log(`rpc-with-a-bug, over the kernel: ${await overTheKernel(rpcWithABug)}`);
console.log(`rpc-with-a-bug, over a model: ${await overAModel(rpcWithABug, 'rpc-with-a-bug')}`);
