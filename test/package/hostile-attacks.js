'use strict';

// What a program is run with (--require) to find out whether a hostile peer can end it. Its first connect(), or each end of its
// socketpair(), meets these peers before, or instead of, the honest one.

const fs = require('node:fs');
const ancillary = require('ancillary');
const { lengthPrefixed } = require('ancillary/codec');

const codec = lengthPrefixed();
/** @param {number} count */
const turns = async (count) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

/**
 * A message of JSON, which announces so many descriptors.
 * @param {unknown} value
 * @param {number[]} [fds]
 */
function message(value, fds = []) {
  return codec.encode({ bytes: Buffer.from(JSON.stringify(value) ?? ''), fds }).bytes;
}

const directory = fs.openSync('/', 'r');
const endless = fs.openSync('/dev/zero', 'r');
const { connect, socketpair } = ancillary;
// Numbers, which no garbage collection closes.
const [neverWritten = -1] = ancillary.fds.pipe().map((end) => end.take());
const garbage = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7919) % 251));

/**
 * By name; each is called with a socket of its own, which is destroyed afterwards.
 * @type {Record<string, (socket: import('ancillary').FdSocket) => unknown>}
 */
const ATTACKS = {
  'hangs up at once': () => undefined,
  'says nothing': () => turns(50),
  'ends and hangs up': (socket) => socket.end(),
  'writes and hangs up': (socket) => socket.write('x'),
  'ends and is gone before the answer': (socket) => socket.end(message({ id: 1, method: 'x', name: 'one' })),
  'asks and is gone before the answer': (socket) => socket.write(message({ id: 1, method: 'x', name: 'one' })),
  'asks, and resets with the answer unread': async (socket) => {
    socket.write(message({ id: 1, method: 'x', name: 'one' }));
    await turns(20);
  },
  'asks for more than it reads': async (socket) => {
    for (let count = 0; count < 2_000; count++)
      socket.write(message({ id: count, method: 'x'.repeat(200), name: 'none' }));
    await turns(20);
  },
  'stops inside a header': (socket) => socket.write(message({ id: 1 }).subarray(0, 3)),
  'stops inside a frame': (socket) => socket.write(message({ id: 1 }).subarray(0, 8)),
  'announces more than it may': (socket) => socket.write(Buffer.alloc(6, 0xff)),
  'sends garbage': (socket) => socket.end(garbage),
  'sends what is no JSON': (socket) => socket.end(codec.encode({ bytes: Buffer.from('{') }).bytes),
  'sends JSON that is no request': (socket) =>
    socket.end(
      Buffer.concat(
        [null, 5, 'x', [], {}, { id: {} }, { id: 1, method: { toString: 1 }, name: {} }].map((each) => message(each)),
      ),
    ),
  'sends a directory': (socket) => socket.send('x', [directory]),
  'sends a directory in a frame': (socket) => socket.send(message({ id: 1, method: 'x' }, [directory]), [directory]),
  'sends a file without end': (socket) => socket.send('x', [endless]),
  'sends a pipe that nobody writes': (socket) => socket.send('x', [neverWritten]),
  'sends surplus descriptors': (socket) => socket.send(message({ id: 1, method: 'x' }), [directory, directory]),
  'sends as many as it can': (socket) => socket.send('x', Array(253).fill(directory)),
  'announces descriptors that do not come': (socket) => socket.end(message({ id: 1 }, [directory])),
};

/** @param {import('ancillary').FdSocket} socket @param {string} [name] */
async function attack(socket, name = '') {
  socket.on('error', () => undefined);
  await Promise.resolve(ATTACKS[name]?.(socket)).catch(() => undefined);
  await turns(5);
  socket.destroy();
  await turns(5);
}

Object.assign(ancillary, {
  /**
   * The honest client comes after all of them.
   * @param {Parameters<typeof connect>} given
   */
  async connect(...given) {
    for (const name of Object.keys(ATTACKS)) await attack(await connect(...given), name);
    return connect(...given);
  },

  /** Nobody is honest: both ends meet the one that the environment names. */
  socketpair() {
    const pairs = [socketpair(), socketpair()];
    for (const [, peer] of pairs) void attack(peer, process.env['ATTACK']);
    return pairs.map(([end]) => end);
  },
});
