import { rmSync } from 'node:fs';
import path from 'node:path';

for (const directory of ['build', 'build-sanitize', 'dist']) {
  rmSync(path.join(path.dirname(import.meta.dirname), directory), { recursive: true, force: true });
}
