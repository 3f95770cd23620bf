import path from 'node:path';
import { type Child, start } from '../support/children';

const ROOT = path.join(__dirname, '..', '..');

interface Options {
  readonly limit?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs CommonJS source in a Node of its own, with the addon as `addon` and a pair of sockets in it as `pair()`; with at
 * most `limit` open descriptors, if given.
 */
export function addonChild(source: string, { limit, env = {} }: Options = {}): Child {
  const prelude = `
    const addon = require('node-gyp-build')(${JSON.stringify(ROOT)});
    function pair() {
      const fds = new Int32Array(2);
      if (addon.socketpair(fds) !== 0) throw new Error('socketpair');
      return fds;
    }
    function closeAll(fds) {
      addon.closeFds.set(fds);
      addon.closeAll(fds.length);
    }
  `;
  const command = `${limit === undefined ? '' : `ulimit -n ${limit} && `}exec "$0" -e "$1"`;
  return start('sh', ['-c', command, process.execPath, prelude + source], { cwd: ROOT, env });
}
