'use strict';

// Loads a module and all that it imports into a context that has ECMAScript's globals and nothing else, runs a program
// with its exports there, and prints what that returned and which files were loaded. Only relative imports are known.
// node --experimental-vm-modules bare-context.js MODULE PROGRAM

const { readFileSync } = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [, , entry = '', program = ''] = process.argv;
const context = vm.createContext();
/** @type {Map<string, any>} */
const loaded = new Map();

main();

async function main() {
  const exports = entry.endsWith('.mjs') ? await importModule(entry) : requireModule(entry);
  const result = vm.runInContext(`(${program})`, context)(exports);
  const globals = vm.runInContext(
    `['process', 'Buffer', 'require', 'setImmediate', 'setTimeout', 'TextEncoder', 'URL', 'structuredClone', 'document']
      .filter((name) => name in globalThis)`,
    context,
  );
  console.log(JSON.stringify({ result, globals, loaded: [...loaded.keys()] }));
}

/** @param {string} file */
async function importModule(file) {
  const module = esModule(file);
  await module.link((/** @type {string} */ specifier, /** @type {any} */ { identifier }) =>
    esModule(relative(specifier, identifier)),
  );
  await module.evaluate();
  return module.namespace;
}

/** @param {string} file */
function esModule(file) {
  // It exists only with --experimental-vm-modules, and so has no types.
  const { SourceTextModule } = /** @type {any} */ (vm);
  const module = loaded.get(file) ?? new SourceTextModule(readFileSync(file, 'utf8'), { identifier: file, context });
  loaded.set(file, module);
  return module;
}

/** @param {string} file */
function requireModule(file) {
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const wrapper = vm.runInContext(`(exports, require, module) => {${readFileSync(file, 'utf8')}\n}`, context);
  wrapper(module.exports, (/** @type {string} */ specifier) => requireModule(relative(specifier, file)), module);
  return module.exports;
}

/**
 * @param {string} specifier
 * @param {string} importer
 */
function relative(specifier, importer) {
  if (!/^\.\.?\//.test(specifier)) throw new Error(`${importer} imports ${specifier}`);
  const file = path.resolve(path.dirname(importer), specifier);
  return file.endsWith('.mjs') ? file : require.resolve(file);
}
