import { AncillaryError, counted, type OwnedFd } from '../../../binding';
import { SCM_MAX_FD } from '../scm-max-fd';
import { Account } from './account';
import { FlightAccount, type Flights } from './flights';
import type { Pauses } from './pauses';
import type { Pausable, UserQuota } from './user-quota';

/** Of what its user may take, a connection alone may have half. */
const SHARE = 1 / 2;
/** What a connection may have in any case, as long as its user may: it must be able to ask for something and get an answer. */
const LEAST_FDS = 4;
const LEAST_BYTES = 64 * 1024;
/** The most that one recvmsg brings besides what was allowed (docs/kernel.md 14). */
const BUNDLE = SCM_MAX_FD - 1;
/**
 * What a request may come to: a descriptor that it is answered with, and the duplicate that is made of it while it has to wait. So
 * much must be free for more to be read, and a call that runs counts as so many, since what it opens is not known here.
 */
export const OF_A_CALL = 2;

/** One connection's part of what its user may hold: what it holds is counted here, and it is not read while that is too much. */
export class ConnectionQuota implements Pausable {
  /** What it has in flight; undefined where that does not matter. */
  readonly inFlight: FlightAccount | undefined;
  readonly #fds: Account;
  readonly #bytes: Account;
  readonly #user: UserQuota;
  readonly #pauses: Pauses;
  /** Bytes that came and nobody took, and bytes that wait to be sent. */
  #untaken = 0;
  #unsent = 0;
  /** It is not read, or calls wait to be started, until its user holds less. */
  #isPaused = false;
  #awaitsStart = false;
  /** Descriptors of calls that wait to be started. */
  #awaiting = 0;
  /** It may be read when {@link Pauses} sets it going. */
  #awaitsTurn = false;
  #closed = false;
  #onChange: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  /** Whether calls that run wait for what it brings, and let go of nothing before. */
  #awaitsAnswers: () => boolean = () => false;

  constructor(user: UserQuota, pauses: Pauses, flights: Flights | undefined) {
    this.#user = user;
    this.#pauses = pauses;
    this.#fds = new Account(user.fds, SHARE, LEAST_FDS);
    this.#bytes = new Account(user.bytes, SHARE, LEAST_BYTES);
    this.inFlight = flights && new FlightAccount(user, flights);
    user.opened(this);
  }

  /** Calls back when what it may read has changed. */
  onChange(callback: () => void): void {
    this.#onChange = callback;
  }

  /**
   * Calls back when a call may start that could not.
   * @param awaitsAnswers whether answers must be read, whatever is held: see {@link answersAwaited}
   */
  onRoom(callback: () => void, awaitsAnswers = () => false): void {
    this.#onRoom = callback;
    this.#awaitsAnswers = awaitsAnswers;
  }

  /** Answers may have to be read from now on. */
  answersAwaited(): void {
    if (this.#isPaused && this.#mayGoOn) this.#onChange?.();
  }

  reconsider(): void {
    this.#onChange?.();
    if (!this.#awaitsStart) return;
    this.#awaitsStart = false;
    this.#onRoom?.();
  }

  resume(): void {
    this.#awaitsTurn = false;
    this.reconsider();
  }

  holdBack(): void {
    this.#awaitsTurn = true;
    this.#onChange?.();
  }

  /** How many descriptors may be read now, of so many that are wanted; 0 where nothing may be read until {@link onChange}. */
  mayRead(wanted: number): number {
    if (this.#awaitsTurn) {
      this.#pause();
      this.#pauses.soon();
      return 0;
    }
    const { free } = this.#fds;
    if (free >= OF_A_CALL && this.#hasBytes) {
      this.stopped();
      return Math.max(1, Math.min(wanted, free - BUNDLE));
    }
    if (this.#mayFinish) {
      this.#user.finishing = this;
      this.stopped();
      return 1;
    }
    if (this.#mayGoOn) {
      this.stopped();
      return 1;
    }
    this.#pause();
    return 0;
  }

  /** Whether it is read although it holds all that it may: what it brings beyond that is still closed. */
  get #mayGoOn(): boolean {
    return this.#hasBytes && this.#awaitsAnswers();
  }

  /** Who holds no bytes may have some: so that most need not ask how many. */
  get #hasBytes(): boolean {
    return this.#bytes.held === 0 || this.#bytes.free >= 1;
  }

  get mayResume(): boolean {
    const { held, free } = this.#fds;
    const hasRoom = this.#user.hasRoom || held < LEAST_FDS;
    if (this.#awaitsStart && hasRoom && free >= OF_A_CALL) return true;
    return this.#isPaused && (this.#mayFinish || this.#mayGoOn || (hasRoom && free >= OF_A_CALL && this.#hasBytes));
  }

  /** Nothing more is to be read, or it may be. */
  stopped(): void {
    this.#awaitsTurn = false;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#awaitsStart) this.#pauses.delete(this.#user, this);
  }

  /**
   * Counts descriptors that came, until each is closed or taken away.
   * @returns false where they are too many, and must be closed
   */
  received(fds: readonly OwnedFd[]): boolean {
    if (!this.#fds.mayHave(fds.length)) return false;
    this.#fds.count(fds.length);
    for (const fd of fds) fd.account = this.#fds;
    this.#user.tookFds();
    this.#user.brought(this);
    return true;
  }

  /** How many bytes came and wait to be taken. */
  set untaken(bytes: number) {
    if (bytes === this.#untaken) return;
    this.#bytes.count(bytes - this.#untaken);
    this.#untaken = bytes;
    if (bytes > 0 || this.#user.finishing !== this) return;
    this.#user.finishing = undefined;
    this.#pauses.less();
  }

  /** How many bytes wait to be sent. */
  set unsent(bytes: number) {
    if (bytes === this.#unsent) return;
    this.#bytes.count(bytes - this.#unsent);
    this.#unsent = bytes;
  }

  /**
   * Counts descriptors that wait to be sent, until {@link release}.
   * @throws ERR_FD_QUOTA
   */
  keep(fds: number): void {
    if (!this.#fds.mayHave(fds)) throw this.tooMany(`${counted(fds, 'descriptor')} would have to wait to be sent`);
    this.#fds.count(fds);
    this.#user.tookFds();
  }

  release(fds: number): void {
    this.#fds.count(-fds);
  }

  /** Whether one more call may run; if not, {@link onRoom} tells when. */
  mayStart(): boolean {
    if (this.#closed || this.#fds.free >= OF_A_CALL) return true;
    this.#awaitsStart = true;
    this.#pauses.add(this.#user, this);
    return false;
  }

  /**
   * Whether a call with so many descriptors may wait for others to be done. Those that wait hold what they brought, and so may
   * come to so much that none could ever start.
   */
  mayAwait(fds: number): boolean {
    if (fds === 0) return true;
    const { awaiting, mostBesides } = this.#user;
    const all = awaiting + fds + (this.#awaiting === 0 ? 1 : 0);
    // When nothing else is held, n connections may each have a part of n + 1 of what is free, its own included: the one that
    // holds least may start if all hold no more than half.
    if (2 * (all + 1) <= mostBesides) return true;
    return this.#awaiting + fds <= LEAST_FDS - OF_A_CALL && all - 1 + OF_A_CALL <= mostBesides;
  }

  /** A call with so many descriptors and bytes waits, or with numbers below zero does no more. */
  waits(fds: number, bytes: number): void {
    this.#bytes.count(bytes);
    if (fds === 0) return;
    const before = this.#awaiting;
    this.#awaiting += fds;
    this.#user.awaiting += fds;
    if (before === 0) this.#user.awaiting++;
    else if (this.#awaiting === 0) this.#user.awaiting--;
  }

  /** Whether it holds descriptors that are not of calls that wait. */
  get holdsOthers(): boolean {
    return this.#fds.held > this.#awaiting;
  }

  /** A call runs, which may open descriptors of which nothing is known here. */
  started(): void {
    this.#fds.count(OF_A_CALL);
    this.#user.tookFds();
  }

  /** Its answer is about to be sent. */
  answered(): void {
    this.#fds.count(-OF_A_CALL);
  }

  /** What was refused, and why. */
  tooMany(what: string): AncillaryError {
    const { uid, fds } = this.#user;
    const held = `${whose(uid)} holds ${fds.held} of ${fds.whole.total} descriptors that servers share out (quota)`;
    return new AncillaryError('ERR_FD_QUOTA', `${what}, and ${held}`);
  }

  /** The socket is closed. Descriptors that were handed out are counted on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onChange = undefined;
    this.#onRoom = undefined;
    this.#pauses.delete(this.#user, this);
    this.unsent = 0;
    this.untaken = 0;
    this.#user.closed(this);
  }

  /** Whether it may read on because it is in the middle of a frame, which is held until it is whole. */
  get #mayFinish(): boolean {
    const { finishing } = this.#user;
    if (this.#untaken === 0 || (finishing !== undefined && finishing !== this)) return false;
    return this.#fds.free >= OF_A_CALL || this.#fds.whole.spareWith(0) > 0;
  }

  #pause(): void {
    const user = this.#user;
    user.expected.delete(this);
    this.#isPaused = true;
    this.#pauses.add(user, this);
    if (user.warned) return;
    user.warned = true;
    const { fds, bytes } = user;
    const message =
      `${whose(user.uid)} holds ${fds.held} of ${fds.whole.total} descriptors and ${bytes.held} of ${bytes.whole.total} bytes that ` +
      `servers share out: what its connections send is read once that is less (told once; see the option quota of listen())`;
    process.emitWarning(message, { type: 'AncillaryWarning', code: 'ANCILLARY_QUOTA' });
  }
}

/** For messages. */
export function whose(uid: number | undefined): string {
  return uid === undefined ? 'an unknown user' : `user ${uid}`;
}
