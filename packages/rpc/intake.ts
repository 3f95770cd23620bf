import { counted } from '../binding';
import { type ConnectionQuota, type FdSocket, immediate, onHangup, quotaOfSocket } from '../stream';
import { RpcError } from './rpc-error';
import { type AnswerSize, Unsent } from './unsent';

/** A call or a notification of the peer's, from when it came until it was dealt with. */
export interface Arrival {
  /** Descriptors that came with it. */
  readonly fds: number;
  readonly bytes: number;
  /** Whether the peer waits for an answer. */
  readonly isCall: boolean;
  /** Whether the quota counts what it may open. */
  isCounted?: boolean;
  /** Whether the quota counts what it has while it waits. */
  isAwaiting?: boolean;
  start(): void;
  /** It will not be started: answers it, and closes its descriptors. */
  refuse(error: Error): void;
}

/** How much of the peer's may run at the same time; what is one too many is still started. */
export interface Running {
  readonly calls: number;
  readonly fds: number;
}

/** What may wait to be started. */
const WAITING = { calls: 4096, fds: 256, bytes: 16 * 1024 * 1024 };

/** So many may start in one turn of the event loop, so that their answers are counted before there are more. */
export const IN_ONE_TURN = 32;

/** A queue of a framework's own, so that what was started may not have begun. */
export interface QueueBehind {
  isFull(): boolean;
  /** Whether it gets shorter by itself: then reading can wait for that, whoever waits for an answer. */
  readonly getsShorter: boolean;
}

/**
 * What the peer has us do. Where too much runs, calls wait to be started, and beyond that they are refused: reading goes on,
 * since answers, and that a call is cancelled, may be what others wait for. It pauses only where something goes on without the
 * peer: where answers wait to be read, of which the peer's death is learnt by sending, and where too many notifications wait,
 * which cannot be refused; its death is watched for then.
 */
export class Intake {
  readonly #socket: FdSocket;
  readonly #most: Running;
  readonly #ownCallsWait: () => boolean;
  readonly #queue: QueueBehind | undefined;
  readonly #unsent = new Unsent();
  readonly #quota: ConnectionQuota | undefined;
  #running = 0;
  #runningFds = 0;
  #runningNotifications = 0;
  /** In order. */
  readonly #waiting = new Set<Arrival>();
  #waitingFds = 0;
  #waitingBytes = 0;
  /** Descriptors of what is neither call nor notification. */
  #otherFds = 0;
  #arrivedInTurn = 0;
  #starting = false;
  /** What waits goes on with the next turn. */
  #startsLater = false;
  #resume: (() => void) | undefined;
  #watches = false;
  #over = false;

  /**
   * @param ownCallsWait whether a call of ours waits for its answer, which has to be read
   * @param queue where what was started waits again
   */
  constructor(socket: FdSocket, most: Running, ownCallsWait: () => boolean, queue?: QueueBehind) {
    this.#socket = socket;
    this.#most = most;
    this.#ownCallsWait = ownCallsWait;
    this.#queue = queue;
    this.#quota = socket[quotaOfSocket];
    this.#quota?.onRoom(() => {
      this.#startNext();
      this.reconsider();
    }, ownCallsWait);
  }

  /** @returns a promise where reading has to wait */
  take(arrival: Arrival): void | Promise<void> {
    const isFull = this.#waiting.size > 0 || this.#isFull();
    if (isFull && this.#quota?.mayAwait(arrival.fds) === false) {
      arrival.refuse(overQuota(this.#quota, arrival));
    } else if (isFull && !this.#mayWait(arrival)) {
      arrival.refuse(busy(`${this.#running} calls run, and ${this.#waiting.size} wait`));
    } else {
      this.#waiting.add(arrival);
      this.#waitingFds += arrival.fds;
      this.#waitingBytes += arrival.bytes;
      if (!isFull) this.#startNext();
      // Most are started by then, and need not be counted.
      if (isFull || this.#waiting.has(arrival)) {
        arrival.isAwaiting = true;
        this.#quota?.waits(arrival.fds, arrival.bytes);
      }
    }
    return this.pace();
  }

  /** One that waits for none of those that run. @returns a promise where reading has to wait */
  takeAtOnce(arrival: Arrival): void | Promise<void> {
    // Where others only wait for their turn, which comes, it keeps its place among them.
    if (!this.#isRunningFull() && this.#mayWait(arrival)) return this.take(arrival);
    this.#start(arrival);
    return this.pace();
  }

  /** The handler of a call has run; its answer, if any, is sent next, and what it has is counted then. */
  answered(arrival: Arrival): void {
    if (arrival.isCounted !== true) return;
    arrival.isCounted = false;
    this.#quota?.answered();
  }

  /** One that was started was dealt with. */
  done(arrival: Arrival): void {
    const { fds, isCall } = arrival;
    this.answered(arrival);
    this.#running--;
    this.#runningFds -= fds;
    if (!isCall) this.#runningNotifications--;
    this.reconsider();
  }

  /** @returns whether it waited, and will not be started now */
  withdraw(arrival: Arrival): boolean {
    if (!this.#waiting.delete(arrival)) return false;
    this.#waitingFds -= arrival.fds;
    this.#waitingBytes -= arrival.bytes;
    if (arrival.isAwaiting === true) {
      arrival.isAwaiting = false;
      this.#quota?.waits(-arrival.fds, -arrival.bytes);
    }
    return true;
  }

  /** Descriptors are held, or with a number below zero no more, for what is neither call nor notification. */
  hold(fds: number): void {
    this.#otherFds += fds;
    this.reconsider();
  }

  /** An answer is being sent. */
  answering(answer: AnswerSize & { readonly sent: Promise<void> }): Promise<void> {
    this.#unsent.add(answer);
    const settled = (): void => {
      this.#unsent.remove(answer);
      this.reconsider();
    };
    answer.sent.then(settled, settled);
    return answer.sent;
  }

  /** @returns a promise where reading has to wait */
  pace(): void | Promise<void> {
    if (++this.#arrivedInTurn < IN_ONE_TURN && !this.#mustPause()) return;
    this.#arrivedInTurn = 0;
    return this.#pause();
  }

  /** Something has changed that what waits, or reading, may wait for. */
  reconsider(): void {
    this.#startNext();
    this.#quota?.answersAwaited();
    if (this.#resume !== undefined && !this.#mustPause()) this.#resume();
  }

  /** Nothing more comes. Whoever still runs for the peer is to learn when it is gone, and the process must not end before. */
  peerEnded(): void {
    if (this.#running > 0 || this.#waiting.size > 0) this.#watch();
  }

  /** The connection is over: nothing more is started. */
  close(): void {
    this.#over = true;
    for (const arrival of this.#waiting) {
      this.withdraw(arrival);
      arrival.refuse(busy('the connection is being closed'));
    }
    this.reconsider();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => immediate(resolve));
    while (this.#mustPause()) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
        this.#watch();
      });
      this.#resume = undefined;
    }
  }

  #watch(): void {
    if (this.#watches) return;
    this.#watches = true;
    // The rest is read and refused, and after it that this is the end.
    this.#socket[onHangup](() => {
      this.#over = true;
      this.reconsider();
    });
  }

  #mustPause(): boolean {
    if (this.#over) return false;
    if (this.#unsent.areTooMany || this.#otherFds > this.#most.fds) return true;
    if (this.#queue?.getsShorter === true && this.#queue.isFull()) return true;
    if (this.#ownCallsWait()) return false;
    if (this.#waiting.size > 0 && this.#quota?.mayStart() === false) {
      // What was read already may have the descriptors that they wait for.
      return this.#running > 0 || !this.#quota.holdsOthers;
    }
    // So many run only where they wait for no turn.
    if (this.#runningNotifications > this.#most.calls + WAITING.calls) return true;
    return this.#unsent.areMany || (this.#isOverfull() && this.#notificationsRun());
  }

  #isFull(): boolean {
    return this.#isRunningFull() || this.#unsent.areMany || this.#queue?.isFull() === true;
  }

  #isRunningFull(): boolean {
    const tooMany = this.#running > this.#most.calls || this.#runningFds > this.#most.fds;
    return tooMany || this.#quota?.mayStart() === false;
  }

  #mayWait({ fds, bytes, isCall }: Arrival): boolean {
    if (this.#over) return false;
    if (!this.#isOverfull(1, fds, bytes)) return true;
    // Reading pauses after it, until one of them is done.
    return !isCall && this.#notificationsRun() && !this.#ownCallsWait();
  }

  #isOverfull(calls = 0, fds = 0, bytes = 0): boolean {
    return (
      this.#waiting.size + calls > WAITING.calls ||
      this.#waitingFds + fds > WAITING.fds ||
      this.#waitingBytes + bytes > WAITING.bytes
    );
  }

  #notificationsRun(): boolean {
    return this.#runningNotifications > 0;
  }

  #startNext(): void {
    // One that is done at once comes here again.
    if (this.#starting || this.#startsLater || this.#waiting.size === 0) return;
    this.#starting = true;
    let left = IN_ONE_TURN;
    for (const arrival of this.#waiting) {
      if (this.#isFull()) break;
      if (left-- === 0) {
        this.#startInNextTurn();
        break;
      }
      this.withdraw(arrival);
      this.#start(arrival);
    }
    this.#starting = false;
  }

  /** Answers of those that were started are counted by then. */
  #startInNextTurn(): void {
    this.#startsLater = true;
    immediate(() => {
      this.#startsLater = false;
      this.reconsider();
    });
  }

  #start(arrival: Arrival): void {
    this.#running++;
    this.#runningFds += arrival.fds;
    if (!arrival.isCall) this.#runningNotifications++;
    if (this.#quota !== undefined) {
      this.#quota.started();
      arrival.isCounted = true;
    }
    arrival.start();
  }
}

/** Waiting, it would keep what it waits for. */
function overQuota(quota: ConnectionQuota, { fds }: Arrival): Error {
  return quota.tooMany(
    `the call was not started: it could never start while it and others that wait hold their descriptors, and its ` +
      `${counted(fds, 'descriptor')} are closed`,
  );
}

function busy(why: string): RpcError {
  return new RpcError('ERR_RPC_BUSY', `the call was not started: ${why}`);
}
