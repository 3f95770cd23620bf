import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installedOnce } from '../runtimes/cache';
import { built } from '../support/built';
import { type Child, node } from '../support/children';

/**
 * The node_modules with dbus-next, whose usocket is the one built here: what `"overrides": { "usocket": "npm:ancillary-usocket" }`
 * installs, but for where it finds the package. It is not a dependency of ours, since its usocket is compiled with a node-gyp
 * that no Node of today can run.
 */
function dbusNext(): string {
  return installedOnce('dbus-next@0.10.2+shim', ['dbus-next@0.10.2'], (folder) => {
    const shim = path.join(folder, 'usocket');
    mkdirSync(shim);
    writeFileSync(path.join(shim, 'package.json'), JSON.stringify({ name: 'ancillary-usocket', version: '1.1.0' }));
    writeFileSync(path.join(shim, 'index.js'), 'module.exports = require(process.env.ANCILLARY_USOCKET);');
    return { private: true, overrides: { usocket: 'file:./usocket' } };
  });
}

/** Runs a program that has `dbus`, dbus-next, and `bus`, connected to an address, which may be used at once. */
export function withDbusNext(address: string, body: string): Child {
  const source = `
    const dbus = require(${JSON.stringify(path.join(dbusNext(), 'dbus-next'))});
    const { fds } = require(${JSON.stringify(built())});
    const fs = require('node:fs');
    const bus = dbus.sessionBus({ busAddress: ${JSON.stringify(address)}, negotiateUnixFd: true });
    const openMemories = () =>
      fs.readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return fs.readlinkSync('/proc/self/fd/' + fd).includes('/memfd:');
        } catch {
          return false;
        }
      }).length;
    (async () => { ${body} })().catch((error) => {
      console.error(error);
      process.exit(1);
    });
  `;
  return node(source, { env: { ANCILLARY_USOCKET: path.join(built(), 'usocket') } });
}
