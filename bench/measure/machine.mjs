import { readFileSync } from 'node:fs';
import os from 'node:os';

/** On what the figures were measured. */
export function describeMachine() {
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    processors: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    architecture: process.arch,
    node: process.version,
    v8: process.versions.v8,
    ancillary: packageVersion(),
    date: new Date().toISOString(),
  };
}

function packageVersion() {
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
