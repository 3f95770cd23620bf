// import.mjs MODULE: what it takes to import a module into a process that has just started. This file itself imports only
// what Node loads anyway, since a module that is there already costs nothing.

import { writeSync } from 'node:fs';

const [, , name = ''] = process.argv;

/** @type {Record<string, () => Promise<unknown>>} */
const modules = {
  empty: () => import('./empty.mjs'),
  net: () => import('node:net'),
  ancillary: () => import('ancillary'),
};

const load = modules[name];
if (load === undefined) throw new Error(`unknown module '${name}'`);
const before = performance.now();
await load();
// Node counts from the start of the process.
const ready = performance.now();
writeSync(1, JSON.stringify({ took: (ready - before) * 1e6, ready: ready * 1e6 }));
