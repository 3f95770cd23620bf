import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PUMP_SOURCES } from './pump-sources';

const native = (file: string): string => path.join(__dirname, '../../native', file);

/** The names of the headers that a file includes, and those that these include. */
function included(file: string, found = new Set<string>()): Set<string> {
  for (const [, name] of readFileSync(native(file), 'utf8').matchAll(/^#include "(\w+)\.h"$/gm)) {
    if (name === undefined || found.has(name)) continue;
    found.add(name);
    included(`${name}.h`, found);
  }
  return found;
}

// Nobody but `npm run fuzz` links them.
it.each(PUMP_SOURCES)('%s needs no source that the fuzzed pump does not have', (source) => {
  const needed = [...included(`${source}.cc`)].filter((name) => existsSync(native(`${name}.cc`)));
  expect(PUMP_SOURCES).toEqual(expect.arrayContaining(needed));
});
