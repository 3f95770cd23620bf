import { rmSync } from 'node:fs';
import path from 'node:path';

for (const directory of ['build', 'build-sanitize', 'dist', 'test/kernel-calls/build']) {
  rmSync(path.join(path.dirname(import.meta.dirname), directory), { recursive: true, force: true });
}
