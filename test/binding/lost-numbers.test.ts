import { closeSync, fstatSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { adopt, fds, OwnedFd, raw } from '../../packages/ancillary';
import { addon, nativeBinding } from '../../packages/binding-native';
import { identity } from '../support/descriptors';
import { plainJavaScript } from '../support/plain-javascript';

// Somebody closed a number behind its owner's back, and the kernel gave it out again.

const EBADF = expect.objectContaining({ code: 'EBADF' }) as Error;

/** An owner whose number is another's by now: that of a descriptor that was received since. */
function lost(file?: OwnedFd): { owner: OwnedFd; next: OwnedFd } {
  // So that no lower number becomes free meanwhile.
  expect(addon.settleClosing(10_000)).toBe(true);
  const [left, right] = nativeBinding.socketpair();
  using memfd = fds.memfd('received');
  const owner = fds.memfd('lost');
  raw.sendMessage(left, Buffer.from('x'), [file ?? memfd]);
  closeSync(owner.fd);
  const [next] = raw.receiveMessage(right, Buffer.alloc(1)).fds;
  OwnedFd.closeAll([left, right]);
  if (next?.fd !== owner.fd) throw new Error('another number');
  return { owner, next };
}

it.each([
  ['close()', (owner: OwnedFd) => owner.close()],
  ['take()', (owner: OwnedFd) => owner.take()],
  ['dup()', (owner: OwnedFd) => owner.dup()],
  ['adopt()', (owner: OwnedFd) => adopt(owner)],
])('%s of the former owner is EBADF, and what has the number stays open and its owner’s', (_, act) => {
  const { owner, next } = lost();
  const { fd } = next;
  expect(() => act(owner)).toThrow(EBADF);
  OwnedFd.closeAll([owner]);
  expect(owner.closed).toBe(true);
  expect(fstatSync(fd).isFile()).toBe(true);
  expect(next.take()).toBe(fd);
  closeSync(fd);
});

it('toSocket() of the former owner is EBADF, and makes nothing that reads what has the number', async () => {
  const [sent, peer] = nativeBinding.socketpair();
  const { owner, next } = lost(sent);
  expect(() => fds.toSocket(owner)).toThrow(EBADF);
  raw.sendMessage(peer, Buffer.from('hello'));
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  expect(raw.receiveMessage(next, Buffer.alloc(10)).bytesRead).toBe(5);
  OwnedFd.closeAll([owner, next, sent, peer]);
});

it('closeAll() does not count the former owner', () => {
  const { owner, next } = lost();
  expect(OwnedFd.closeAll([owner])).toBe(0);
  expect(OwnedFd.closeAll([next])).toBe(1);
});

it('the same, where the number was lost twice', () => {
  const { owner, next } = lost();
  const { fd } = next;
  using file = fds.memfd('third');
  closeSync(fd);
  const copies: OwnedFd[] = [];
  do copies.push(file.dup());
  while (copies.at(-1)?.fd !== fd);
  for (const each of [owner, next]) expect(() => each.close()).toThrow(EBADF);
  expect(identity(fd)).toBe(identity(file.fd));
  OwnedFd.closeAll(copies);
});

/** Runs the body of an async function in a worker, which has the library and `data`; returns what that returns. */
async function inWorker(body: string, data: unknown): Promise<unknown> {
  const source = `
    const { parentPort, workerData: { library, data } } = require('node:worker_threads');
    const { fds, OwnedFd, raw, socketpair } = require(library);
    (async () => { ${body} })().then((result) => parentPort.postMessage(result));`;
  const worker = new Worker(source, {
    eval: true,
    trackUnmanagedFds: false,
    workerData: { library: plainJavaScript(), data },
  });
  const [[result]] = await Promise.all([once(worker, 'message') as Promise<unknown[]>, once(worker, 'exit')]);
  return result;
}

it('a number that has an owner in one thread is ERR_FD_BUSY in another, until it was taken', async () => {
  const owner = fds.memfd('mine');
  const { fd } = owner;
  const adopting = `try { OwnedFd.adopt(data).close(); return 'closed'; } catch (error) { return error.code; }`;
  expect(await inWorker(adopting, fd)).toBe('ERR_FD_BUSY');
  expect(identity(fd)).toBe(identity(owner.fd));
  owner.take();
  expect(await inWorker(adopting, fd)).toBe('closed');
  expect(() => fstatSync(fd)).toThrow(EBADF);
});

it('a number that was closed behind one thread’s back, and given out in another, is that one’s', async () => {
  const owner = fds.memfd('mine');
  const { fd } = owner;
  const taken = await inWorker(
    `require('node:fs').closeSync(data);
     const made = [];
     // The lowest free number may be another one.
     do made.push(fds.memfd('theirs')); while (made.at(-1).fd !== data);
     made.pop().take();
     OwnedFd.closeAll(made);
     return data;`,
    fd,
  );
  expect(taken).toBe(fd);
  expect(() => owner.close()).toThrow(EBADF);
  expect(fstatSync(fd).isFile()).toBe(true);
  closeSync(fd);
});

it('what was closed is not open, and can be adopted only as what has its number next', () => {
  const [left, right] = nativeBinding.socketpair();
  using file = fds.memfd('sent');
  raw.sendMessage(left, Buffer.from('x'), [file]);
  const [received] = raw.receiveMessage(right, Buffer.alloc(1)).fds;
  OwnedFd.closeAll([left, right]);
  const fd = received?.fd ?? -1;
  received?.close();
  // A thread closes it, and has or has not by now.
  expect(nativeBinding.descriptors.isOpen(fd)).toBe(false);
  expect(() => OwnedFd.adopt(fd)).toThrow(EBADF);
  expect(() => openSync(`/proc/self/fd/${fd}/none`, 'r')).toThrow();
});
