import { setImmediate as nextTurn } from 'node:timers/promises';
import { FdSocket, socketpair } from 'ancillary';
import * as codecs from 'ancillary/codec';

const TURNS = 100;

/**
 * What this version of ancillary can do of that which not every version can.
 * @returns {Promise<ReadonlySet<string>>}
 */
export async function abilities() {
  const found = new Set(['for await']);
  if ('forEachFrame' in FdSocket.prototype) found.add('forEachFrame');
  if ('delimited' in codecs) found.add('delimited');
  if (await isThere('ancillary/dbus-native')) found.add('dbus-native');
  if (await readsIntoOneBuffer()) found.add('onread');
  return found;
}

/** @param {string} specifier of an entry point */
function isThere(specifier) {
  return import(specifier).then(
    () => true,
    () => false,
  );
}

/** An option that is not known is passed over in silence, so it is tried. */
async function readsIntoOneBuffer() {
  let called = false;
  const callback = () => (called = true);
  // The options' type may not have it yet.
  const options = /** @type {import('ancillary').FdSocketOptions} */ ({
    onread: { buffer: Buffer.alloc(16), callback },
  });
  const [left, right] = socketpair(options);
  left.on('error', () => undefined);
  right.on('error', () => undefined);
  await right.send('x').catch(() => undefined);
  for (let turn = 0; turn < TURNS && !called; turn++) await nextTurn();
  left.destroy();
  right.destroy();
  return called;
}
