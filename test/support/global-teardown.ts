import { rmSync } from 'node:fs';

export default function removeRunDirectory(): void {
  const directory = process.env['ANCILLARY_TEST_DIRECTORY'];
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}
