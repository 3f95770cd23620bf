import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** One directory for a run of jest, which its workers learn of through the environment. */
export default function createRunDirectory(): void {
  process.env['ANCILLARY_TEST_DIRECTORY'] = mkdtempSync(path.join(tmpdir(), 'ancillary-test-'));
}
