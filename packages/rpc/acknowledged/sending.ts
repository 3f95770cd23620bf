import { AncillaryError, counted, type SystemError, systemError } from '../../binding';
import {
  abortError,
  asError,
  type Deadline,
  deadlineOfSending,
  type EncodedFrame,
  type FdSocket,
  Fifo,
  keepFds,
  type Kept,
  onAbort,
  type Owed,
  sendFrame,
  sendingFailed,
} from '../../stream';
import { type Cost, Window } from './window';

/** A message from `send()` until the peer acknowledges it. */
interface Outgoing {
  readonly bytes: EncodedFrame['bytes'];
  readonly cost: Cost;
  readonly kept: Kept;
  readonly signal: AbortSignal | undefined;
  /** The kernel has it. */
  sent: boolean;
  acknowledged: boolean;
  settle(error?: Error): void;
}

/**
 * The sending side: keeps the descriptors of each message until the peer acknowledges it, and sends no more than the window
 * lets. Nothing is sent before the greeting has come, so that a peer without acknowledgements gets nothing.
 */
export class AcknowledgedSending implements Owed {
  readonly #socket: FdSocket;
  readonly #own: number;
  readonly #fdsPerSend: number | undefined;
  #window: Window | undefined;
  readonly #waiting = new Fifo<Outgoing>();
  /** In the order in which they were sent. */
  readonly #unacknowledged = new Fifo<Outgoing>();
  #ended: { readonly error: Error | undefined } | undefined;
  #finishing = false;
  readonly #onIdle: (() => void)[] = [];
  /** How often the peer has said something of what is waited for. */
  #told = 0;
  readonly #deadline: Deadline | undefined;

  /** @param own the window of this end */
  constructor(socket: FdSocket, own: number, fdsPerSend: number | undefined) {
    this.#socket = socket;
    this.#own = own;
    this.#fdsPerSend = fdsPerSend;
    this.#deadline = socket[deadlineOfSending](this);
  }

  /** What the kernel has not taken is not owed yet, and has a deadline of its own. */
  get owed(): number | undefined {
    return this.awaits && this.#socket.writableLength === 0 ? this.#told : undefined;
  }

  /** The peer may owe something from now on. */
  watch(): void {
    this.#deadline?.begin();
  }

  overdue(): void {
    const waiting = this.#waiting.length + this.#unacknowledged.length;
    const message =
      `no message was acknowledged for ${this.#deadline?.milliseconds ?? 0} ms (sendTimeout): ` +
      `${counted(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'}, and what was kept of them is closed`;
    this.#socket.destroy(new AncillaryError('ERR_SEND_TIMEOUT', message));
  }

  /** Whether something waits for what the peer says. */
  get awaits(): boolean {
    return this.#waiting.length > 0 || this.#unacknowledged.length > 0;
  }

  /** Refuses what is sent from now on. Resolves when nothing waits any more: all is acknowledged, or has failed. */
  finish(): Promise<void> {
    this.#finishing = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#tellIdle();
    });
  }

  /**
   * @param refused why nothing may be sent
   * @throws as FdSocket.send()
   */
  send({ bytes, ...frame }: EncodedFrame, signal: AbortSignal | undefined, refused?: Error): Promise<void> {
    const kept = this.#socket[keepFds]({ bytes, ...frame });
    const cost = { fds: kept.fds.length, bytes: lengthOf(bytes) };
    let stopListening: (() => void) | undefined;
    let tell: (outcome?: Promise<never>) => void = () => undefined;
    const outcome = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const settle = (error?: Error): void => {
      stopListening?.();
      kept.release(error === undefined);
      tell(error && Promise.reject(error));
      if (error !== undefined && this.#isReported()) outcome.catch(() => undefined);
      this.#tellIdle();
    };
    const message = { bytes, cost, kept, signal, sent: false, acknowledged: false, settle };
    if (signal?.aborted === true) settle(abortError(signal));
    else if (this.#ended !== undefined || this.#finishing) settle(this.#ended?.error ?? unsent());
    else if (refused !== undefined) settle(refused);
    else {
      if (signal !== undefined)
        stopListening = onAbort(signal, () => {
          if (this.#waiting.remove(message)) settle(abortError(signal));
        });
      this.#waiting.push(message);
      this.#flush();
      this.watch();
    }
    return outcome;
  }

  greeted(peers: number): void {
    this.#window = new Window(Math.min(this.#own, peers));
    this.#told++;
    this.#flush();
  }

  /** The peer has so many more. @throws ERR_FRAME_INVALID */
  acknowledged(count: number): void {
    const most = this.#unacknowledged.length;
    if (count === 0 || count > most)
      throw new AncillaryError(
        'ERR_FRAME_INVALID',
        `the peer acknowledges ${count} messages, of ${most} that it can have`,
      );
    this.#told++;
    for (const message of this.#unacknowledged.shiftFirst(count)) {
      this.#window?.remove(message.cost);
      message.acknowledged = true;
      // One of which the kernel has not taken all is settled when it has: nobody but a liar acknowledges that.
      if (message.sent) message.settle();
    }
    this.#flush();
  }

  /** No acknowledgement will come any more. Where it is known that something was not sent, the socket says so. */
  end(error: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#deadline?.stop();
    for (const message of this.#unacknowledged.clear()) if (message.sent) message.settle(unknown(error));
    const waiting = this.#waiting.clear();
    const reason = unsentWith(waiting.length, this.#window !== undefined, error);
    for (const message of waiting) message.settle(reason);
  }

  #flush(): void {
    while (this.#ended === undefined) {
      const next = this.#waiting.front;
      if (next === undefined || this.#window?.fits(next.cost) !== true) break;
      this.#waiting.shift();
      this.#window.add(next.cost);
      this.#unacknowledged.push(next);
      this.#hand(next);
    }
    this.#tellIdle();
  }

  #hand(message: Outgoing): void {
    const { bytes, kept, signal } = message;
    const sent = this.#socket[sendFrame]({ bytes, fds: kept.fds }, { signal, fdsPerSend: this.#fdsPerSend });
    sent.then(
      () => {
        message.sent = true;
        this.watch();
        if (message.acknowledged) message.settle();
        else if (this.#ended !== undefined) message.settle(unknown(this.#ended.error));
      },
      (error: unknown) => {
        if (this.#unacknowledged.remove(message)) this.#window?.remove(message.cost);
        message.settle(asError(error));
        this.#flush();
      },
    );
  }

  /** As of a promise of the socket: the program is told of the failure besides, or made it. */
  #isReported(): boolean {
    const { destroyed, errored } = this.#socket;
    if (destroyed && errored === null) return true;
    return (destroyed || this.#socket[sendingFailed]) && this.#socket.listenerCount('error') > 0;
  }

  #tellIdle(): void {
    if (this.awaits) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

function unsent(): AncillaryError {
  return new AncillaryError('ERR_FD_CLOSED', 'the connection is closed; the message was not sent');
}

/** Of messages that waited until the end: a failure of the connection says nothing of whether they were sent. */
function unsentWith(waiting: number, greeted: boolean, cause: Error | undefined): Error {
  const messages = waiting === 1 ? 'this message' : `${waiting} messages, this one among them,`;
  const awaited = greeted ? "the peer's acknowledgements" : 'the peer to say that it acknowledges';
  const hint = greeted ? '' : ': set acknowledge at both ends or at neither';
  const what = `${messages} waited for ${awaited}, and ${waiting === 1 ? 'was' : 'were'} not sent${hint}`;
  if (cause === undefined) return new AncillaryError('ERR_FD_CLOSED', `the connection is closed; ${what}`);
  if (cause instanceof AncillaryError) return new AncillaryError(cause.code, `${cause.message}; ${what}`, { cause });
  const { code, syscall } = cause as Partial<SystemError>;
  return code === undefined || syscall === undefined ? cause : systemError(code, syscall, what, { cause });
}

function unknown(cause: Error | undefined): AncillaryError {
  return new AncillaryError(
    'ERR_FD_UNACKNOWLEDGED',
    'the connection ended before the peer acknowledged the message: it is not known whether the peer has it and its ' +
      'descriptors; what was kept of it here is closed',
    { cause },
  );
}

function lengthOf(bytes: EncodedFrame['bytes']): number {
  return bytes instanceof Uint8Array ? bytes.length : bytes.reduce((sum, { length }) => sum + length, 0);
}
