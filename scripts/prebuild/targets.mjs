/**
 * What a release brings binaries for. The loader (packages/binding-native/load-addon.ts) finds them by these names, as
 * node-gyp-build reads them: prebuilds/PLATFORM-ARCH/NAME.LIBC.node.
 */
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** @typedef {{ name: string, zig: string, file: string }} Target */

/** glibc 2.28 is what Node 20 itself needs. @type {readonly Target[]} */
export const targets = [
  target('linux-x64', 'x86_64-linux-gnu.2.28', 'glibc'),
  target('linux-arm64', 'aarch64-linux-gnu.2.28', 'glibc'),
  target('linux-x64-musl', 'x86_64-linux-musl', 'musl'),
  target('linux-arm64-musl', 'aarch64-linux-musl', 'musl'),
];

/**
 * @param {string} name
 * @param {string} zig
 * @param {string} libc
 * @returns {Target}
 */
function target(name, zig, libc) {
  const folder = name.replace(/-musl$/, '');
  return { name, zig, file: path.join(root, 'native/prebuilds', folder, `ancillary.${libc}.node`) };
}
