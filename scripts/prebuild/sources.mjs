/** What a binary is built from: the settings of native/ancillary.gypi, and a digest that stands in each binary. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './targets.mjs';
import { toolchain } from './toolchain.mjs';

const native = path.join(root, 'native');

/**
 * @returns {{ sources: string[], flags: string[] }} the files, below native/, and the compiler's flags, with none that
 * depends on this machine
 */
export function settings() {
  const lines = readFileSync(path.join(native, 'ancillary.gypi'), 'utf8').split('\n');
  // Without its comments it is JSON.
  const gypi = JSON.parse(lines.filter((line) => !line.trim().startsWith('#')).join('\n'));
  const defines = gypi.defines.map((/** @type {string} */ define) => `-D${define}`);
  return { sources: gypi.sources, flags: [...defines, ...gypi.cflags, ...gypi.cflags_cc, ...gypi.ldflags] };
}

/** Of every source, of the tools, and of node-addon-api: binaries with the same digest are the same. */
export function digest() {
  const hash = createHash('sha256');
  const files = readdirSync(native).filter((name) => /\.(cc|h|gypi)$/.test(name));
  for (const name of files.sort())
    hash
      .update(`${name}\0`)
      .update(readFileSync(path.join(native, name)))
      .update('\0');
  hash.update(JSON.stringify(toolchain));
  for (const name of ['main.mjs', 'no-demangler.cc']) hash.update(readFileSync(path.join(import.meta.dirname, name)));
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  hash.update(lock.packages['node_modules/node-addon-api'].integrity);
  return hash.digest('hex');
}

/** How a binary names the digest: native/addon.cc keeps this text. @param {string} value */
export function mark(value) {
  return `ancillary built from ${value}`;
}
