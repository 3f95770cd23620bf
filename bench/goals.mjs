/**
 * What a row is to reach. The value is a figure of a contender: as a multiple of that of another program of the row, or,
 * without `of`, as it is.
 * @typedef {object} Goal
 * @property {string} row
 * @property {string} contender
 * @property {string} figure
 * @property {string} [of]
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

const FOR_AWAIT = 'ancillary, for await';
const PUSHED = 'ancillary, forEachFrame';
const ONREAD = 'ancillary, onread';
const NET_DATA = "net.Socket, 'data'";

/** @type {readonly Goal[]} */
export const goals = [
  { row: 'fd-frames', contender: FOR_AWAIT, figure: 'rate', atLeast: 0.72, of: 'C' },
  { row: 'fd-frames', contender: FOR_AWAIT, figure: 'rate', atLeast: 3, of: 'usocket' },
  { row: 'fd-frames', contender: FOR_AWAIT, figure: 'rate', atLeast: 30, of: 'child_process.send' },

  { row: 'fd-frames-pushed', contender: PUSHED, figure: 'rate', atLeast: 0.75, of: 'C' },
  { row: 'fd-frames-pushed', contender: PUSHED, figure: 'rate', atLeast: 1, of: 'Go' },

  { row: 'fd-bundles', contender: 'ancillary, frame.close()', figure: 'rate', atLeast: 0.75, of: 'C' },

  { row: 'bytes', contender: "ancillary, 'data'", figure: 'rate', atLeast: 1, of: NET_DATA },
  { row: 'bytes', contender: ONREAD, figure: 'rate', atLeast: 0.8, of: 'C' },
  { row: 'bytes', contender: ONREAD, figure: 'rate', atLeast: 1.4, of: 'net.Socket, onread' },

  { row: 'bytes-apart', contender: "ancillary, 'data'", figure: 'rate', atLeast: 1, of: NET_DATA },

  { row: 'small-frames', contender: FOR_AWAIT, figure: 'rate', atLeast: 1, of: 'net.Socket, corked by 32' },
  { row: 'small-frames', contender: PUSHED, figure: 'rate', atLeast: 1, of: 'net.Socket, corked by 32' },
  { row: 'small-frames', contender: FOR_AWAIT, figure: 'rate', atLeast: 1.2, of: 'C' },

  { row: 'dbus', contender: 'dbus-native on ancillary', figure: 'rate', atLeast: 1, of: 'dbus-native on net.Socket' },

  { row: 'delimited', contender: FOR_AWAIT, figure: 'rate', atLeast: 1, of: 'net.Socket' },
  { row: 'delimited', contender: PUSHED, figure: 'rate', atLeast: 1, of: 'net.Socket' },
  { row: 'delimited', contender: PUSHED, figure: 'rate', atLeast: 1, of: 'net.Socket, corked by 32' },

  { row: 'round-trip', contender: 'ancillary', figure: 'p50', atMost: 1.5, of: 'C' },
  { row: 'round-trip', contender: 'ancillary', figure: 'p50', atMost: 1, of: 'Go' },
  { row: 'round-trip', contender: 'ancillary', figure: 'p50', atMost: 1, of: 'net.Socket, no descriptor' },
  { row: 'round-trip', contender: 'ancillary', figure: 'p99', atMost: 2.5, of: 'C' },

  {
    row: 'rpc-calls',
    contender: 'rpc()',
    figure: 'rate',
    atLeast: 1,
    of: 'vscode-jsonrpc over net',
  },
  {
    row: 'rpc-calls',
    contender: 'vscode-jsonrpc',
    figure: 'rate',
    atLeast: 1,
    of: 'vscode-jsonrpc over net',
  },

  { row: 'connections', contender: 'ancillary', figure: 'rate', atLeast: 1, of: 'node:net' },
  { row: 'connections-burst', contender: 'ancillary', figure: 'rate', atLeast: 1, of: 'node:net' },

  { row: 'idle', contender: FOR_AWAIT, figure: 'memory', atMost: 1, of: NET_DATA },
  { row: 'idle', contender: FOR_AWAIT, figure: 'memory', atMost: 1, of: 'net.Socket, for await' },
  { row: 'idle', contender: FOR_AWAIT, figure: 'wakeUps', atMost: 0 },
  { row: 'idle', contender: PUSHED, figure: 'memory', atMost: 1, of: 'net.Socket, framing' },
  { row: 'idle', contender: "ancillary, 'data'", figure: 'memory', atMost: 1, of: NET_DATA },
  { row: 'idle', contender: "ancillary, 'data'", figure: 'wakeUps', atMost: 0 },

  { row: 'large-frame', contender: FOR_AWAIT, figure: 'rate', atLeast: 0.65, of: 'C' },
  { row: 'large-frame', contender: FOR_AWAIT, figure: 'rate', atLeast: 1, of: 'net.Socket, Buffer.concat' },
  { row: 'large-frame', contender: FOR_AWAIT, figure: 'copies', atMost: 0.2 },
  { row: 'large-frame', contender: FOR_AWAIT, figure: 'linear', atMost: 1.25 },

  { row: 'growth-frames', contender: FOR_AWAIT, figure: 'growth', atMost: 1.15 },
  { row: 'growth-connections', contender: FOR_AWAIT, figure: 'growth', atMost: 1.25 },
  { row: 'growth-connections', contender: FOR_AWAIT, figure: 'growth', atMost: 1.25, of: 'C' },
];
