import { clearTimeout, setTimeout } from 'node:timers';
import { AncillaryError, OwnedFd, type PeerBinding, type PeerCredentials } from '../../binding';
import { asError } from '../abort';
import { Peer, showPeer } from '../socket/peer';
import { askUser } from './ask-user';

/** Who may connect: true lets the peer in. */
export type Authorize = (peer: Peer) => boolean | Promise<boolean>;

/** By what connections are let in. */
export interface AdmissionRule {
  readonly authorize: Authorize;
  /** Whether that is the user's own function. */
  readonly own: boolean;
  /** Why it is that it returned false, for the message. */
  why(peer: PeerCredentials): string;
  /** Milliseconds that its promise has. */
  readonly timeout: number;
}

/** Who learns what became of a connection. */
export interface AdmissionEvents {
  /** It is let in. The receiver of the event owns it. */
  admitted(socket: OwnedFd, peer: Peer): void;
  /** It is not, and is closed: as the user's own function decided, or for another reason. */
  refused(error: AncillaryError, peer: PeerCredentials, meant: boolean): void;
  /** It is closed, as the kernel does not say whose it is. */
  unknown(error: Error): void;
  /** Fewer wait than may. */
  room(): void;
}

/** So many wait for a decision at once; the next ones in the kernel's backlog. */
export const MOST_PENDING = 64;

/** What setTimeout() of Node takes at most; it takes more for 1. */
const LONGEST_MS = 2 ** 31 - 1;

/** A connection that waits for a decision. */
interface Applicant {
  readonly socket: OwnedFd;
  readonly peer: Peer;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Decides which connections are let in, each as soon as it is known: one whose decision takes long holds up nobody. Nothing
 * is read from a connection meanwhile.
 */
export class Admission {
  readonly #peers: PeerBinding;
  readonly #rule: AdmissionRule;
  readonly #events: AdmissionEvents;
  readonly #waiting = new Set<Applicant>();

  constructor(peers: PeerBinding, rule: AdmissionRule, events: AdmissionEvents) {
    this.#peers = peers;
    this.#rule = rule;
    this.#events = events;
  }

  /** How many wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Takes a connection over, and tells what became of it: perhaps at once. */
  decide(socket: OwnedFd): void {
    const applicant = this.#applicantOf(socket);
    if (applicant === undefined) return;
    // Before the user's function runs, which may close the server.
    this.#waiting.add(applicant);
    const { peer } = applicant;
    askUser(
      'authorize()',
      () => this.#rule.authorize(peer),
      (answer) => this.#decided(applicant, answer),
    );
    this.#limitTime(applicant);
  }

  /** Closes those that wait, and tells nobody. */
  close(): void {
    for (const applicant of this.#waiting) this.#turnAway(applicant);
  }

  #applicantOf(socket: OwnedFd): Applicant | undefined {
    try {
      return { socket, peer: new Peer(this.#peers, () => socket.fd), timer: undefined };
    } catch (error) {
      OwnedFd.closeAll([socket]);
      this.#events.unknown(asError(error));
      return undefined;
    }
  }

  /** Where it still waits. */
  #limitTime(applicant: Applicant): void {
    const { timeout } = this.#rule;
    if (timeout === Infinity || !this.#waiting.has(applicant)) return;
    const tooLate = (): void =>
      this.#refuse(applicant, `authorize() did not settle within ${timeout} ms for ${showPeer(applicant.peer)}`);
    applicant.timer = setTimeout(tooLate, Math.min(timeout, LONGEST_MS));
    // The server keeps the event loop running, or shall not.
    applicant.timer.unref();
  }

  #decided(applicant: Applicant, answer: boolean | Error): void {
    const { peer } = applicant;
    if (answer === true) this.#admit(applicant);
    else if (answer === false) this.#refuse(applicant, this.#rule.why(peer), { meant: this.#rule.own });
    else this.#refuse(applicant, `authorize() failed for ${showPeer(peer)}: ${answer.message}`, { cause: answer });
  }

  #admit(applicant: Applicant): void {
    if (!this.#leave(applicant)) return;
    this.#events.admitted(applicant.socket, applicant.peer);
  }

  #refuse(applicant: Applicant, why: string, { cause, meant = false }: { cause?: Error; meant?: boolean } = {}): void {
    if (!this.#waiting.has(applicant)) return;
    this.#turnAway(applicant);
    const { pid, uid, gid } = applicant.peer;
    const message = `${why}; the connection is closed, and nothing was read from it`;
    const error = new AncillaryError('ERR_UNAUTHORIZED', message, cause && { cause });
    this.#events.refused(error, { pid, uid, gid }, meant);
  }

  #turnAway(applicant: Applicant): void {
    this.#leave(applicant);
    applicant.peer.close();
    OwnedFd.closeAll([applicant.socket]);
  }

  /** Returns false where it was decided before. */
  #leave(applicant: Applicant): boolean {
    clearTimeout(applicant.timer);
    const full = this.#waiting.size >= MOST_PENDING;
    const left = this.#waiting.delete(applicant);
    if (left && full) this.#events.room();
    return left;
  }
}
