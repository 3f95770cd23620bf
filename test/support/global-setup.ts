import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildKernelCalls } from '../kernel-calls/build';

/** One directory for a run of jest, which its workers learn of through the environment; and the system calls for tests. */
export default function setUpRun(): void {
  process.env['ANCILLARY_TEST_DIRECTORY'] = mkdtempSync(path.join(tmpdir(), 'ancillary-test-'));
  buildKernelCalls();
}
