import {
  AncillaryError,
  describeValue,
  FD_KINDS,
  type FdKind,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
  OwnedFd,
  printable,
  requireBoolean,
  requireOptions,
} from '../binding';
import { describeFd, type FdInfo } from './describe-fd';
import { requireSeals, type Seal } from './seals';

/** What a descriptor has to be: all of those that are given. */
export interface FdDemands {
  /** One of these kinds. */
  kind?: FdKind | readonly FdKind[] | undefined;
  /** What it can be used for at least; `'path'` takes what was opened with O_PATH, which is refused otherwise. */
  access?: 'read' | 'write' | 'read-write' | 'path' | undefined;
  /**
   * Seals of a memfd, at least. Memory that is mapped needs `'shrink'`, and what is read twice or trusted `'write'`, which
   * has the rest of what `'future-write'` forbids, too.
   */
  sealed?: readonly Seal[] | undefined;
  /** Bytes of a file or memfd: exactly, or within bounds. Without the seals `'shrink'` and `'grow'` they may change at once. */
  size?: number | bigint | SizeBounds | undefined;
  /** Whether a socket is listening. */
  listening?: boolean | undefined;
}

/** Bytes, both inclusive. */
export interface SizeBounds {
  readonly min?: number | bigint | undefined;
  readonly max?: number | bigint | undefined;
}

const DEMANDS: OptionNames<FdDemands> = { kind: true, access: true, sealed: true, size: true, listening: true };
const BOUNDS: OptionNames<SizeBounds> = { min: true, max: true };
const EXAMPLE = "{ kind: 'memfd' }";
const ACCESSES = ['read', 'write', 'read-write', 'path'];

/**
 * Makes sure that a descriptor is what it has to be, such as one that came from a peer and is to be mapped or trusted. It
 * is borrowed, and stays open whatever comes of it.
 *
 * It takes an OwnedFd, as what descriptors arrive. A peer can send a number where a value should have a descriptor, and that
 * number is one of this process's own.
 * @returns what it is
 * @throws ERR_FD_KIND, which says what it is and which demands it does not meet; EBADF; ERR_FD_CLOSED; RangeError; TypeError, also for
 * what is no OwnedFd
 */
export function expectFd(fd: OwnedFd, demands: FdDemands): FdInfo {
  if (!(fd instanceof OwnedFd)) {
    throw invalidType(
      `fd is an OwnedFd, as descriptors arrive, not ${describeValue(fd)}; a number from a peer would be a descriptor of this ` +
        'process, and one of your own is OwnedFd.adopt(fd)',
    );
  }
  requireDemands(demands);
  const info = describeFd(fd);
  const unmet = unmetBy(info, demands);
  if (unmet.length === 0) return info;
  const what = `a ${info.kind} (${printable(info.path ?? '?')})`;
  throw new AncillaryError(
    'ERR_FD_KIND',
    `descriptor ${info.fd} is ${what}, ${unmet.join(', and ')}; it is still open and yours`,
  );
}

/** What of the demands it does not meet. Of another kind it need not meet any. */
function unmetBy(info: FdInfo, { kind, access, sealed = [], size, listening }: FdDemands): string[] {
  const kinds: readonly FdKind[] | undefined = typeof kind === 'string' ? [kind] : kind;
  if (kinds !== undefined && !kinds.includes(info.kind)) return [`and not a ${kinds.join(' or ')}`];
  const unmet: string[] = [];
  if (!permits(info.access, access)) unmet.push(accessUnmet(info.access, access));
  const missing = sealed.filter((seal) => !isSealed(info.seals ?? [], seal));
  if (missing.length > 0) unmet.push(`not sealed with ${missing.join(', ')}`);
  const outside = size === undefined ? undefined : sizeUnmet(info.size, size);
  if (outside !== undefined) unmet.push(outside);
  if (listening !== undefined && info.listening !== listening)
    unmet.push(info.listening === true ? 'which is listening' : 'which is not listening');
  return unmet;
}

function permits(access: FdInfo['access'], demanded: FdDemands['access']): boolean {
  if (access === 'path' || demanded === 'path') return access === demanded;
  return demanded === undefined || access === demanded || access === 'read-write';
}

function accessUnmet(access: FdInfo['access'], demanded: FdDemands['access']): string {
  if (access === 'path') return 'opened with O_PATH, which opens no content';
  return demanded === 'path' ? 'not opened with O_PATH' : `open for ${access} and not for ${demanded}`;
}

/** Who may not write at all cannot do so later either. */
function isSealed(seals: readonly Seal[], seal: Seal): boolean {
  return seals.includes(seal) || (seal === 'future-write' && seals.includes('write'));
}

function sizeUnmet(size: bigint | undefined, demanded: number | bigint | SizeBounds): string | undefined {
  const { min, max } = typeof demanded === 'object' ? demanded : { min: demanded, max: demanded };
  if (size === undefined) return 'which has no size';
  // Between numbers and bigints, these compare by value.
  if (min !== undefined && size < min) return `of ${size} bytes, which are fewer than ${min}`;
  if (max !== undefined && size > max) return `of ${size} bytes, which are more than ${max}`;
  return undefined;
}

/** @throws TypeError and RangeError; also where nothing is demanded, for then nothing would be checked */
function requireDemands(demands: FdDemands): void {
  requireOptions('expectFd()', demands, DEMANDS, { called: `demands, such as ${EXAMPLE},`, each: 'demand' });
  const { kind, access, sealed, size, listening } = demands;
  if ([kind, access, sealed, size, listening].every((each) => each === undefined))
    throw invalidValue(`expectFd() has no demand, such as ${EXAMPLE}; there is ${Object.keys(DEMANDS).join(', ')}`);
  if (kind !== undefined) requireKinds(kind);
  if (access !== undefined && !ACCESSES.includes(access))
    throw invalidValue(`access is one of ${ACCESSES.join(', ')}, not ${describeValue(access)}`);
  if (sealed !== undefined) requireSeals('sealed', sealed);
  // A program in plain JavaScript may give null, which is an object, too.
  if (typeof size === 'object' && (size as unknown) !== null) requireBounds(size);
  else if (size !== undefined) requireSize('size', size as number | bigint, ', or { min, max }');
  requireBoolean('listening', listening);
}

function requireKinds(given: FdKind | readonly FdKind[]): void {
  const kinds: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (kinds.length === 0) throw invalidValue('kind is empty: nothing is of no kind');
  const unknown = [...kinds].find((each) => typeof each !== 'string' || !Object.hasOwn(FD_KINDS, each));
  if (unknown !== undefined || kinds.includes(undefined))
    throw invalidValue(`kind is one of ${Object.keys(FD_KINDS).join(', ')}, not ${describeValue(unknown)}`);
}

function requireBounds(given: SizeBounds): void {
  requireOptions('size', given, BOUNDS, { called: 'size, unless it is a number,', each: 'bound' });
  const { min, max } = given;
  if (min === undefined && max === undefined) throw invalidValue('size has neither min nor max');
  if (min !== undefined) requireSize('size.min', min);
  if (max !== undefined) requireSize('size.max', max);
  if (min !== undefined && max !== undefined && min > max)
    throw outOfRange(`size.min is at most size.max, not ${min} with ${max}`);
}

function requireSize(name: string, size: number | bigint, otherwise = ''): void {
  const rule = `${name} is a number of bytes, a whole one from 0 up or a bigint${otherwise}`;
  if (typeof size !== 'number' && typeof size !== 'bigint') throw invalidType(`${rule}, not ${describeValue(size)}`);
  if (size < 0 || (typeof size === 'number' && !Number.isSafeInteger(size))) throw outOfRange(`${rule}, not ${size}`);
}
