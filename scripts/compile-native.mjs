/**
 * npm run compile:native: builds the addon of this checkout, as far as it has changed. A file of its own since Yarn makes
 * node-gyp a dependency of every package whose scripts name it.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const root = path.dirname(import.meta.dirname);
execFileSync(process.execPath, [gyp, 'configure', 'build'], { cwd: root, stdio: 'inherit' });
