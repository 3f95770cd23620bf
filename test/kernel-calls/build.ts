import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

/** Where the compiled system calls are. */
export const KERNEL_CALLS = path.join(__dirname, 'build', 'Release', 'kernel_calls.node');

const SOURCES = ['binding.gyp', 'kernel_calls.cc'];

/** Compiles the system calls for tests, if that was not done since their sources changed. */
export function buildKernelCalls(): void {
  if (existsSync(KERNEL_CALLS) && SOURCES.every((source) => isOlder(path.join(__dirname, source)))) return;
  const { status, error, stdout, stderr } = spawnSync(
    process.execPath,
    [require.resolve('node-gyp/bin/node-gyp.js'), 'rebuild', '--directory', __dirname, ...headers()],
    { encoding: 'utf8' },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`node-gyp failed:\n${stdout}${stderr}`);
}

function isOlder(source: string): boolean {
  return statSync(source).mtimeMs <= statSync(KERNEL_CALLS).mtimeMs;
}

/** Node's own headers, where they are installed beside it, save downloading them. */
function headers(): string[] {
  const prefix = path.resolve(process.execPath, '../..');
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? ['--nodedir', prefix] : [];
}
