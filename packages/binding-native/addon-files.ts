import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as NodeGypBuild from 'node-gyp-build';

// Two levels up is the package root both from the sources and from dist/.
export const ROOT = path.join(__dirname, '..', '..');
/** Here are the prebuilt binaries, and what a user compiled. */
export const NATIVE = path.join(ROOT, 'native');
export const TARGET = `${process.platform}-${process.arch}`;
export const PREBUILDS = path.join(NATIVE, 'prebuilds', TARGET);

/** The files to try, best first: a build of the checkout, what a user compiled, what came with the package. */
export function addonFiles(): string[] {
  const resolve = resolver();
  const [best] = [ROOT, NATIVE].flatMap(resolve);
  const prebuilt = addonsIn(PREBUILDS);
  if (best === undefined) return prebuilt;
  if (!prebuilt.includes(best)) return [best];
  // For glibc and musl each: which one this system has, node-gyp-build knows of Alpine only.
  return [best, ...prebuilt.filter((file) => file !== best)];
}

/** Finds the best file below a directory, or none. */
function resolver(): (directory: string) => string[] {
  let resolve: (directory: string) => string;
  try {
    ({ resolve } = createRequire(__filename)('node-gyp-build') as typeof NodeGypBuild);
  } catch {
    // As it loads, it looks for /etc/alpine-release, and throws where the runtime's permissions do not allow that.
    return process.env['PREBUILDS_ONLY'] ? () => [] : (directory) => addonsIn(path.join(directory, 'build/Release'));
  }
  return (directory) => {
    try {
      return [resolve(directory)];
    } catch {
      return [];
    }
  };
}

function addonsIn(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.node'));
    return names.map((name) => path.join(directory, name));
  } catch {
    return []; // It is not there, or may not be read.
  }
}
