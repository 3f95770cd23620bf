/** npm run check:package: what publint and attw say of the package, whichever binaries are there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkTypes } from './check-types.mjs';
import { pack } from './pack.mjs';

const directory = mkdtempSync(path.join(tmpdir(), 'ancillary-package-'));
try {
  checkTypes(pack(directory, ['--ignore-scripts']).file);
} finally {
  rmSync(directory, { recursive: true });
}
