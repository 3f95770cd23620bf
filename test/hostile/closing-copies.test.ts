import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fds, type FdServer, listen, OwnedFd, socketpair } from '../../packages/ancillary';
import { runDirectory } from '../support/children';
import { settleClosing } from '../support/descriptors';
import { closed, type Peer } from '../support/peer';
import { slowPeer } from '../support/slow-descriptors';

// A listening socket of which a copy was received, and closed: a thread does that, behind closes that do not come back.

const TURNS = 100;

let directory: string;
let where: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(runDirectory(), 'copies-'));
  where = path.join(directory, 's');
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

/** A server, and a copy of its socket that waits to be closed until the peer is killed. */
async function serverWithCopy(address: string | { abstract: string }, peer: Peer): Promise<FdServer> {
  const server = await listen(address);
  const [left, right] = socketpair();
  const slow = (await peer.socket.receive(1)).fds;
  for (const sent of [slow, [server]]) await left.send('x', sent);
  OwnedFd.closeAll(slow);
  settleClosing();
  const first = await right.receive(1);
  const numbers = first.fds.map(({ fd }) => fd);
  first.close();
  // A thread has come to it when its number is free (docs/kernel.md 44). What comes by the same socket waits for it.
  while (numbers.some(isOpen)) await nextTurn();
  (await right.receive(1)).close();
  await closed(left, right);
  return server;
}

function isOpen(fd: number): boolean {
  return fs.existsSync(`/proc/self/fd/${fd}`);
}

/** Whether a promise is settled after so many turns of the loop. */
async function isSettledSoon(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true));
  for (let turn = 0; turn < TURNS; turn++) await nextTurn();
  return settled;
}

it('close() waits until a thread has closed the copy, and removes the path', async () => {
  await using peer = await slowPeer();
  const server = await serverWithCopy(where, peer);
  const closing = server.close();
  expect(await isSettledSoon(closing)).toBe(false);
  peer.child.kill();
  await closing;
  expect(fs.existsSync(where)).toBe(false);
});

it('close() comes back where the copy is never closed, and leaves the path', async () => {
  await using peer = await slowPeer();
  const server = await serverWithCopy(where, peer);
  await server.close();
  expect(fs.existsSync(where)).toBe(true);
  peer.child.kill();
  settleClosing();
});

it('an abstract name is free once close() came back', async () => {
  const name = { abstract: `ancillary-copies-${process.pid}` };
  await using peer = await slowPeer();
  const server = await serverWithCopy(name, peer);
  const closing = server.close();
  expect(await isSettledSoon(closing)).toBe(false);
  peer.child.kill();
  await closing;
  await (await listen(name)).close();
});

it('close() does not wait for closes of others', async () => {
  await using peer = await slowPeer();
  const server = await listen(where);
  using copy = fds.dup(server);
  (await peer.socket.receive(1)).close();
  copy.close();
  await server.close();
  expect(fs.existsSync(where)).toBe(false);
  peer.child.kill();
  settleClosing();
});
