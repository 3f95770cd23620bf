import {
  describeValue,
  INSPECT,
  invalidType,
  type OptionNames,
  outOfRange,
  requireOptions,
  show,
  type ShownHow,
} from '../../../binding';
import { Whole } from './account';
import { ConnectionQuota, OF_A_CALL } from './connection-quota';
import { isCountedInFlight, openLimit } from './open-limit';
import { Flights } from './flights';
import { Pauses } from './pauses';
import { type Resource, UserQuota, type Wholes } from './user-quota';

/** What {@link FdQuota} shares out. */
export interface FdQuotaOptions {
  /**
   * Descriptors in this process: connections, what was received and is not closed, and what waits to be sent. Default: seven
   * eighths of the process's limit (RLIMIT_NOFILE) when it is made. At least 3, without which no connection could be read.
   */
  fds?: number | undefined;
  /** Bytes that were received and not taken, and that wait to be sent; default 512 MiB. */
  bytes?: number | undefined;
  /** Connections; default: as many as {@link fds}. At least 2, or 1 with a share of 1: of fewer nobody could have one. */
  connections?: number | undefined;
  /**
   * Descriptors that were sent and perhaps not received yet. Default: RLIMIT_NOFILE, which is what the kernel allows all
   * processes of this user together; Infinity where it does not count (CAP_SYS_RESOURCE or CAP_SYS_ADMIN).
   */
  inFlightFds?: number | undefined;
  /**
   * As long as half of all is free, a user may have of it whatever it takes. Of the rest it may have this share of what is free, its
   * own included, while no other user holds anything, and less the more do; more than 0 and up to 1, default 1/4.
   */
  share?: number | undefined;
}

/** What is held, of each that is shared out. */
export type QuotaFigures = Readonly<Record<Resource, number>>;

/** What one user holds. */
export interface UserUsage extends QuotaFigures {
  /** Undefined for all together of whom the kernel does not say. */
  readonly uid: number | undefined;
  /** How many of its connections are not read until it holds less. */
  readonly paused: number;
}

/** What is held of a quota. */
export interface QuotaUsage {
  readonly held: QuotaFigures;
  readonly total: QuotaFigures;
  /** Those who hold something. */
  readonly users: readonly UserUsage[];
}

const OPTIONS: OptionNames<FdQuotaOptions> = {
  fds: true,
  bytes: true,
  connections: true,
  inFlightFds: true,
  share: true,
};
const DEFAULT_BYTES = 512 * 1024 * 1024;
const DEFAULT_SHARE = 1 / 4;
const OF_LIMIT = 7 / 8;
/** When there are so many users, those who hold nothing any more are forgotten. */
const FORGET_AT = 64;

/**
 * What the peers of one server, or of several, may hold of this process, by the user id of each connection. Half of it is for
 * whoever takes it; of the rest, a user may hold a fixed share of what is free, and less the more users hold something. So no
 * user, nor many, can take all. Each connection has a share of its user's.
 *
 * The connections of a user who holds too much are not read until it holds less. Descriptors that have come nevertheless are
 * closed, and their frame fails with ERR_FD_QUOTA; what would have to wait to be sent is refused with it; and new connections
 * of that user are closed, of which the server tells by `'refused'`. Others notice nothing.
 */
export class FdQuota {
  readonly #share: number;
  readonly #wholes: Wholes;
  readonly #pauses = new Pauses();
  readonly #flights = new Flights();
  /** As whom the process acted when it was found out whether the kernel counts what it has in flight; if it was. */
  #actedAs: number | undefined;
  readonly #users = new Map<number | undefined, UserQuota>();
  #forgetAt = FORGET_AT;

  /** @throws TypeError and RangeError for options */
  constructor(options: FdQuotaOptions = {}) {
    requireOptions('new FdQuota()', options, OPTIONS);
    this.#share = shareOf(options.share);
    const limit = openLimit();
    const fds = fdsOf(options.fds ?? Math.floor(limit * OF_LIMIT));
    const whole = (most: number): Whole => new Whole(most, () => this.#pauses.less());
    this.#wholes = {
      fds: whole(fds),
      bytes: whole(total('bytes', options.bytes ?? DEFAULT_BYTES)),
      connections: whole(connectionsOf(options.connections ?? fds, this.#share)),
      inFlightFds: whole(total('inFlightFds', options.inFlightFds ?? (isCountedInFlight() ? limit : Infinity))),
    };
    if (options.inFlightFds === undefined) this.#actedAs = process.geteuid?.();
  }

  /** What is held now, in all and by each user. */
  get usage(): QuotaUsage {
    const users = [...this.#users.values()].filter(({ isGone }) => !isGone);
    return {
      held: figures((resource) => this.#wholes[resource].held),
      total: figures((resource) => this.#wholes[resource].total),
      users: users.map((user) => ({
        uid: user.uid,
        ...figures((resource) => user[resource].held),
        paused: user.paused.size,
      })),
    };
  }

  /** @internal */
  [INSPECT](...shown: ShownHow): string {
    return show('FdQuota', this.usage, ...shown);
  }

  /**
   * Counts a connection of a user.
   * @returns undefined where it may not have any more
   * @internal
   */
  admit(uid: number | undefined): ConnectionQuota | undefined {
    const user = this.#userOf(uid);
    if (!user.mayConnect) return undefined;
    this.#noticeUser();
    const counted = this.#wholes.inFlightFds.total < Infinity;
    return new ConnectionQuota(user, this.#pauses, counted ? this.#flights : undefined);
  }

  /** A server may give up being root once it listens, and is counted from then on. */
  #noticeUser(): void {
    if (this.#actedAs === undefined || process.geteuid?.() === this.#actedAs) return;
    this.#actedAs = process.geteuid?.();
    this.#wholes.inFlightFds.total = isCountedInFlight() ? openLimit() : Infinity;
  }

  #userOf(uid: number | undefined): UserQuota {
    const known = this.#users.get(uid);
    if (known !== undefined) return known;
    if (this.#users.size >= this.#forgetAt) this.#forget();
    const user = new UserQuota(uid, this.#wholes, this.#share);
    this.#users.set(uid, user);
    return user;
  }

  #forget(): void {
    for (const [uid, { isGone }] of this.#users) if (isGone) this.#users.delete(uid);
    this.#forgetAt = Math.max(FORGET_AT, 2 * this.#users.size);
  }
}

let shared: FdQuota | undefined;

/** That of all servers of this environment that were given none of their own. */
export function sharedQuota(): FdQuota {
  return (shared ??= new FdQuota());
}

/** @param quota as `listen()` was given it @throws TypeError */
export function quotaOf(quota: FdQuota | false | undefined): FdQuota | undefined {
  if (quota === undefined) return sharedQuota();
  if (quota === false) return undefined;
  if (quota instanceof FdQuota) return quota;
  throw invalidType(`quota is an FdQuota or false, not ${describeValue(quota)}`);
}

function figures(of: (resource: Resource) => number): QuotaFigures {
  return { fds: of('fds'), bytes: of('bytes'), connections: of('connections'), inFlightFds: of('inFlightFds') };
}

/** @param why there is a least number above 1 */
function total(name: Resource, given: number, least = 1, why = ''): number {
  if (typeof given !== 'number') throw invalidType(`${name} is a number, not ${describeValue(given)}`);
  if (given === Infinity || (Number.isSafeInteger(given) && given >= least)) return given;
  throw outOfRange(`${name} is a whole number from ${least} up, or Infinity, not ${given}${why}`);
}

/** Of fewer nobody could have any. */
function connectionsOf(given: number, share: number): number {
  const least = share === 1 ? 1 : 2;
  return total(
    'connections',
    given,
    least,
    `: one user may have half of them, or its share (${share}) of what is free`,
  );
}

/** With fewer nobody could connect, or be read. */
function fdsOf(given: number): number {
  return total('fds', given, 1 + OF_A_CALL, ': a connection is one, and is read while its user may have two more');
}

function shareOf(share: number = DEFAULT_SHARE): number {
  if (typeof share !== 'number') throw invalidType(`share is a number, not ${describeValue(share)}`);
  if (share > 0 && share <= 1) return share;
  throw outOfRange(`share is a number above 0 and up to 1, not ${share}`);
}
