import { SCM_MAX_FD } from '../scm-max-fd';
import { Account, type Whole } from './account';

/** What is divided among users, and of each user's part among its connections. */
export type Resource = 'fds' | 'bytes' | 'connections' | 'inFlightFds';

export type Wholes = Readonly<Record<Resource, Whole>>;

/** A connection, as far as it has to be stopped and set going. */
export interface Pausable {
  /** What it may read has changed. */
  reconsider(): void;
  /** It is set going again. */
  resume(): void;
  /** It is not read before its turn comes. */
  holdBack(): void;
  /** Whether it may be set going again, which takes more than going on. */
  readonly mayResume: boolean;
}

/** Once it may take only so few descriptors, no connection of a user may have leave to read from before: one read may bring as many. */
const CLOSE = 765;
/** As long as so much of everything is free, connections may be more than is their user's share. */
const FOR_CONNECTIONS = 5 / 8;
/** What a user may have in any case besides its connections: they must be able to ask for something, one after the other. */
const LEAST = 4;

/** What one user holds, by all of its connections. */
export class UserQuota {
  /** Undefined where the kernel does not say: then it stands for all of whom it does not. */
  readonly uid: number | undefined;
  readonly fds: Account;
  readonly bytes: Account;
  readonly connections: Account;
  readonly inFlightFds: Account;
  /** Its connections that are open. */
  readonly open = new Set<Pausable>();
  /** Those of them that are not read, in the order in which they stopped. */
  readonly paused = new Set<Pausable>();
  /** Those that were set going again and have brought no descriptors since: what they will bring is not counted yet. */
  readonly expected = new Set<Pausable>();
  /** Descriptors of calls that wait to be started, and one more for each of its connections that has such. */
  awaiting = 0;
  /** The one that may finish its frame, though too much is held: so there is always one that goes on. */
  finishing: Pausable | undefined;
  warned = false;
  #isClose = false;

  constructor(uid: number | undefined, wholes: Wholes, share: number) {
    this.uid = uid;
    this.fds = new Account(wholes.fds, share);
    this.bytes = new Account(wholes.bytes, share);
    this.connections = new Account(wholes.connections, share);
    this.inFlightFds = new Account(wholes.inFlightFds, share, 1);
  }

  /** Whether it may have one more connection: so that they can be used, they do not get all that others leave. */
  get mayConnect(): boolean {
    const { fds } = this;
    return this.connections.mayHave(1) && (fds.fair >= 1 || fds.whole.beyond(FOR_CONNECTIONS) >= 1);
  }

  /** A connection was opened. */
  opened(connection: Pausable): void {
    this.open.add(connection);
    this.#connectionsAre(1);
    this.tookFds();
  }

  /** One was closed. */
  closed(connection: Pausable): void {
    this.open.delete(connection);
    this.expected.delete(connection);
    if (this.finishing === connection) this.finishing = undefined;
    this.#connectionsAre(-1);
  }

  /** Whether there is nothing to remember. */
  get isGone(): boolean {
    return this.open.size === 0 && this.fds.held === 0;
  }

  /** More descriptors are held than before: leave that was given when there were fewer is taken back where few are left. */
  tookFds(): void {
    // Mostly plenty is free.
    if (!this.#isClose && this.fds.whole.spareWith(0) >= CLOSE) return;
    const { free, held } = this.fds;
    const close = Math.min(CLOSE, (free + held) / 4);
    if (free >= close) {
      this.#isClose &&= free < 2 * close;
      return;
    }
    if (this.#isClose) return;
    this.#isClose = true;
    for (const connection of this.open) connection.reconsider();
  }

  /**
   * A connection brought descriptors. Where that leaves too few for whatever others bring that were set going together with it, those
   * wait for their turn: each alone has what it was set going for.
   */
  brought(connection: Pausable): void {
    this.expected.delete(connection);
    if (this.expected.size === 0 || this.fds.free >= SCM_MAX_FD * this.expected.size) return;
    const others = [...this.expected];
    this.expected.clear();
    for (const other of others) other.holdBack();
  }

  /** Each is a descriptor of its own, beside which there is always something to be used. */
  #connectionsAre(more: 1 | -1): void {
    this.fds.least = this.open.size + LEAST;
    this.connections.count(more);
    this.fds.count(more);
  }

  /** How much all that its connections bring may come to, as long as other users hold what they do. */
  get mostBesides(): number {
    return this.fds.most - this.open.size;
  }

  /** So much must be free before connections are set going again, so that they do not stop at once. */
  get hasRoom(): boolean {
    return hasRoom(this.fds, 64) && hasRoom(this.bytes, 64 * 1024);
  }
}

function hasRoom({ free, held }: Account, enough: number): boolean {
  return free >= Math.max(1, Math.min(enough, (free + held) / 16));
}
