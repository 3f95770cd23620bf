import { createRequire } from 'node:module';
import path from 'node:path';
import { AncillaryError } from '../binding';
import { addonFiles, NATIVE, PREBUILDS, ROOT, TARGET } from './addon-files';

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
  let refusal: { readonly file: string; readonly reason: unknown } | undefined;
  for (const file of addonFiles()) {
    try {
      // Node-API makes objects that V8 looks up in a hash table at each use; those written in JavaScript it knows by
      // their shape. What is missing, as in a build of older sources, is looked for behind it.
      return { __proto__: lacking(file), ...(createRequire(__filename)(file) as object) };
    } catch (reason) {
      refusal ??= { file, reason };
    }
  }
  return refusal === undefined ? unusable(absent()) : unusable(refused(refusal.file, refusal.reason), refusal.reason);
}

function unsupported(): string {
  if (process.platform === 'win32') return 'Windows has no sockets that carry descriptors, so nothing can be compiled.';
  return `the addon is written for Linux. ${process.platform} passes descriptors in another way, and they would get to the wrong bytes, so nothing can be compiled.`;
}

function absent(): string {
  const why = PREBUILT.includes(TARGET)
    ? `${PREBUILDS} has no binary. If a bundler moved this code, keep 'ancillary' external.`
    : `there is no prebuilt binary for ${TARGET}, only for ${PREBUILT.join(' and ')}.`;
  return `${why} ${HOW_TO_COMPILE}`;
}

function refused(file: string, reason: unknown): string {
  const what = `its binary ${path.relative(NATIVE, file)} does not load: ${String(reason).replace(/\.$/, '')}.`;
  return `${what} ${advice(reason)}`.trimEnd();
}

/** What helps where the runtime refuses every addon, compiling does not. */
function advice(reason: unknown): string {
  if (!(reason instanceof Error)) return HOW_TO_COMPILE;
  if ((reason as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') return ALLOW_ADDONS;
  // Deno's word for a permission that it was not given; the message names its flag.
  return reason.name === 'NotCapable' ? '' : HOW_TO_COMPILE;
}

const ALLOW_ADDONS = 'Run Node without --no-addons, and where it has --permission, with --allow-addons.';
const HOW_TO_COMPILE = howToCompile(NATIVE);

/** @param beside the binary to replace, or where to make one */
function howToCompile(beside: string): string {
  // That of a checkout is found first.
  const inCheckout = path.relative(ROOT, beside).startsWith('build');
  const directory = JSON.stringify(inCheckout ? ROOT : NATIVE);
  return `To compile one, with a C++17 compiler, make and Python 3: npx node-gyp@12 rebuild --directory ${directory}`;
}

function unusable(why: string, cause?: unknown): object {
  return failing(() => why, cause === undefined ? {} : { cause });
}

/** Of another version than this code: there is no number to compare, which somebody would forget to raise. */
function lacking(file: string): object {
  const binary = `its binary ${path.relative(NATIVE, file)}`;
  return failing((name) => `${binary} is of another version: it has no ${name}. ${howToCompile(file)}`);
}

/** Has every use throw. */
function failing(why: (name: string) => string, options: ErrorOptions = {}): object {
  const get = (_target: object, name: string | symbol) => {
    throw new AncillaryError('ERR_FD_PLATFORM', `ancillary cannot use sockets here: ${why(String(name))}`, options);
  };
  return new Proxy({}, { get });
}
