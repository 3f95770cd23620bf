import { existsSync, readdirSync } from 'node:fs';
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
const TARGET = `${process.platform}-${process.arch}`;

/**
 * The addon's exports. Where it cannot be loaded, an object of which every use throws ERR_FD_PLATFORM: what needs no
 * socket works without it.
 */
export function loadAddon(): object {
  if (!PLATFORMS.includes(process.platform)) return unusable(unsupported());
  let refusal: { readonly file: string; readonly reason: unknown } | undefined;
  for (const file of candidates()) {
    try {
      // Node-API makes objects that V8 looks up in a hash table at each use; those written in JavaScript it knows by
      // their shape.
      return { ...(createRequire(__filename)(file) as object) };
    } catch (reason) {
      refusal ??= { file, reason };
    }
  }
  return refusal === undefined ? unusable(absent()) : unusable(refused(refusal.file, refusal.reason), refusal.reason);
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
  const prebuilt = prebuiltFiles();
  if (best === undefined) return prebuilt;
  if (!prebuilt.includes(best)) return [best];
  // For glibc and musl each: which one this system has, node-gyp-build knows of Alpine only.
  return [best, ...prebuilt.filter((file) => file !== best)];
}

function prebuiltFiles(): string[] {
  const folder = path.join(NATIVE, 'prebuilds', TARGET);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.node'));
  return names.map((name) => path.join(folder, name));
}

function unsupported(): string {
  if (process.platform === 'win32') return 'Windows has no sockets that carry descriptors, so nothing can be compiled.';
  return `the addon is written for Linux. ${process.platform} passes descriptors in another way, and they would get to the wrong bytes, so nothing can be compiled.`;
}

function absent(): string {
  const why = PREBUILT.includes(TARGET)
    ? `${path.join(NATIVE, 'prebuilds', TARGET)} has no binary. If a bundler moved this code, keep 'ancillary' external.`
    : `there is no prebuilt binary for ${TARGET}, only for ${PREBUILT.join(' and ')}.`;
  return `${why} ${HOW_TO_COMPILE}`;
}

function refused(file: string, reason: unknown): string {
  // Deno's word for a permission that it was not given.
  const refusedByRuntime = reason instanceof Error && reason.name === 'NotCapable';
  const what = `its binary ${path.relative(NATIVE, file)} does not load: ${String(reason)}.`;
  return refusedByRuntime ? what : `${what} ${HOW_TO_COMPILE}`;
}

const HOW_TO_COMPILE = `To compile one, with a C++17 compiler, make and Python 3: npx node-gyp@12 rebuild --directory ${JSON.stringify(NATIVE)}`;

function unusable(why: string, cause?: unknown): object {
  const options = cause === undefined ? {} : { cause };
  const get = () => {
    throw new AncillaryError('ERR_FD_PLATFORM', `ancillary cannot use sockets here: ${why}`, options);
  };
  return new Proxy({}, { get });
}
