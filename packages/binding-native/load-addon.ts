import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { resolve } from 'node-gyp-build';
import { AncillaryError } from '../binding';

// Two levels up is the package root both from the sources and from dist/.
const ROOT = path.join(__dirname, '..', '..');
/** Here are the prebuilt binaries, and what a user compiled. */
const NATIVE = path.join(ROOT, 'native');

/** native/ is written for Linux. Other kernels stop in front of descriptors, not behind them (docs/kernel.md 24). */
const PLATFORMS: readonly string[] = ['linux', 'android'];

/** What a release brings binaries for (scripts/prebuild/). */
const PREBUILT: readonly string[] = ['linux-x64', 'linux-arm64'];

/**
 * The addon's exports. Where it cannot be loaded, an object of which every use throws ERR_FD_PLATFORM: what needs no
 * socket works without it.
 */
export function loadAddon(): object {
  if (!PLATFORMS.includes(process.platform)) return unusable(unsupported());
  let reason: unknown;
  for (const file of candidates()) {
    try {
      // Node-API makes objects that V8 looks up in a hash table at each use; those written in JavaScript it knows by
      // their shape.
      return { ...(createRequire(__filename)(file) as object) };
    } catch (error) {
      reason ??= error;
    }
  }
  return unusable(reason === undefined ? absent() : refused(reason), reason);
}

/** The files to try, best first: a build of the checkout, what a user compiled, what came with the package. */
function candidates(): string[] {
  const [best] = [ROOT, NATIVE].flatMap((directory) => {
    try {
      return [resolve(directory)];
    } catch {
      return [];
    }
  });
  if (best === undefined) return [];
  const folder = path.dirname(best);
  if (!PREBUILT.includes(path.basename(folder))) return [best];
  // For glibc and musl each: which one this system has, node-gyp-build knows of Alpine only.
  const others = readdirSync(folder).map((name) => path.join(folder, name));
  return [best, ...others.filter((file) => file !== best && file.endsWith('.node'))];
}

function unsupported(): string {
  if (process.platform === 'win32') return 'Windows has no sockets that carry descriptors, so nothing can be compiled.';
  return `it knows how Linux passes descriptors; on ${process.platform} they would reach the wrong bytes. Compiling does not help.`;
}

function absent(): string {
  const target = `${process.platform}-${process.arch}`;
  const why = PREBUILT.includes(target)
    ? `${path.join(NATIVE, 'prebuilds', target)} has no binary. If a bundler moved this code, keep 'ancillary' external.`
    : `there is no prebuilt binary for ${target}, only for ${PREBUILT.join(' and ')}.`;
  return `${why} ${HOW_TO_COMPILE}`;
}

function refused(reason: unknown): string {
  return `its binary for ${process.platform}-${process.arch} does not load: ${String(reason)}. ${HOW_TO_COMPILE}`;
}

const HOW_TO_COMPILE = `To compile one, with a C++17 compiler, make and Python 3: npx node-gyp@12 rebuild --directory ${NATIVE}`;

function unusable(why: string, cause?: unknown): object {
  const get = () => {
    throw new AncillaryError('ERR_FD_PLATFORM', `ancillary cannot use sockets here: ${why}`, { cause });
  };
  return new Proxy({}, { get });
}
