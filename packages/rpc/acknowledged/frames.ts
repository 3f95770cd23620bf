import { AncillaryError } from '../../binding';
import {
  abortError,
  type Acknowledging,
  asError,
  type EncodedFrame,
  type FdFrame,
  type FdSocket,
  Fifo,
  onAbort,
  requireUnread,
  sendFrame,
} from '../../stream';
import { AcknowledgedReceiving } from './receiving';
import { AcknowledgedSending } from './sending';

type Result = IteratorResult<FdFrame, undefined>;
type Waiter = (result: Result | Promise<never>) => void;

const DONE: Result = { done: true, value: undefined };

/**
 * The frames of a socket whose ends acknowledge them. It reads when somebody waits for a message, or for an acknowledgement:
 * so neither end waits for the other while both send.
 */
export class AcknowledgedFrames {
  readonly #socket: FdSocket;
  readonly #by: Acknowledging;
  readonly #source: AsyncIterator<FdFrame, undefined>;
  readonly #sending: AcknowledgedSending;
  readonly #receiving: AcknowledgedReceiving;
  readonly #waiters = new Fifo<Waiter>();
  /** The loop that has taken frames, until it is left. */
  #loop: object | undefined;
  /** Whether the socket is read by this. */
  #begun = false;
  #reading = false;
  #greeted = false;
  #ended: { readonly error: Error | undefined } | undefined;
  #told = false;

  constructor(
    socket: FdSocket,
    source: AsyncIterator<FdFrame, undefined>,
    by: Acknowledging,
    fdsPerSend: number | undefined,
  ) {
    this.#socket = socket;
    this.#by = by;
    this.#source = source;
    this.#sending = new AcknowledgedSending(socket, by.window, fdsPerSend);
    this.#receiving = new AcknowledgedReceiving(socket, by);
    const bytes = by.encode({ kind: 'greeting', value: by.window });
    // Where it fails, the socket is at its end, which whoever reads or sends learns.
    socket[sendFrame]({ bytes }, { signal: undefined, fdsPerSend: undefined }).then(
      () => this.#sending.watch(),
      () => undefined,
    );
    socket.once('close', () => this.#end(socket.errored ?? undefined));
  }

  /** As {@link FdSocket.frames}. */
  frames(signal?: AbortSignal): Required<Pick<AsyncIterator<FdFrame, undefined>, 'next' | 'return'>> {
    const loop = {};
    return {
      next: () => (signal === undefined ? this.#next(loop) : this.#nextUntil(signal, loop)),
      return: () => {
        this.#leave(loop, () => DONE);
        return Promise.resolve(DONE);
      },
    };
  }

  /**
   * Resolves when the peer has acknowledged the frame.
   * @throws as FdSocket.send(); ERR_FD_MODE where the acknowledgement would be read in another way, before anything is sent
   */
  send(frame: EncodedFrame, signal: AbortSignal | undefined): Promise<void> {
    const outcome = this.#sending.send(frame, signal, this.#readOtherwise());
    // Nothing waits, where it was refused.
    if (this.#sending.awaits) this.#read();
    return outcome;
  }

  /** Nothing more is to be sent. Resolves when all is acknowledged, or has failed. */
  finish(): Promise<void> {
    return this.#sending.finish();
  }

  /** Closes what came and was not taken. */
  close(): void {
    this.#receiving.close();
  }

  async #nextUntil(signal: AbortSignal, loop: object): Promise<Result> {
    const give = (): Promise<never> => Promise.reject(abortError(signal));
    if (signal.aborted) {
      this.#leave(loop, give);
      return give();
    }
    const stopListening = onAbort(signal, () => this.#leave(loop, give));
    try {
      return await this.#next(loop);
    } finally {
      stopListening();
    }
  }

  /** Another loop may follow; what comes stays for it. */
  #leave(loop: object, told: () => Result | Promise<never>): void {
    if (this.#loop !== loop) return;
    this.#loop = undefined;
    for (const resolve of this.#waiters.clear()) resolve(told());
  }

  #next(loop: object): Promise<Result> {
    if (this.#loop !== undefined && this.#loop !== loop)
      return Promise.reject(new AncillaryError('ERR_FD_MODE', 'another loop reads these messages; leave it first'));
    this.#loop = loop;
    const frame = this.#waiters.length === 0 ? this.#receiving.take() : undefined;
    if (frame !== undefined) return Promise.resolve({ done: false, value: frame });
    if (this.#ended !== undefined) return this.#tellEnd();
    const otherwise = this.#readOtherwise();
    if (otherwise !== undefined) {
      this.#loop = undefined;
      return Promise.reject(otherwise);
    }
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#read();
    });
  }

  /** How it ended: an error is told once. */
  #tellEnd(): Promise<Result> {
    const error = this.#told ? undefined : this.#ended?.error;
    this.#told = true;
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }

  /** ERR_FD_MODE while the socket is: known before this reads, since what fails then breaks the connection. */
  #readOtherwise(): Error | undefined {
    if (this.#begun || this.#ended !== undefined) return undefined;
    try {
      this.#socket[requireUnread]('framed()');
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }

  #read(): void {
    if (this.#reading || this.#ended !== undefined) return;
    this.#reading = true;
    void this.#readOn();
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#waiters.length > 0 || this.#sending.awaits) {
        const next = this.#source.next();
        this.#begun = true;
        const { done, value: frame } = await next;
        if (done === true) {
          this.#end(undefined);
          return;
        }
        this.#received(frame);
      }
    } catch (error) {
      this.#socket.destroy(asError(error));
      this.#end(asError(error));
    } finally {
      this.#reading = false;
    }
  }

  /** @throws ERR_FRAME_INVALID, ERR_FD_TRUNCATED */
  #received(frame: FdFrame): void {
    const control = this.#by.read(frame.bytes);
    if ((control?.kind === 'greeting') === this.#greeted) {
      frame.close();
      throw new AncillaryError(
        'ERR_FRAME_INVALID',
        this.#greeted
          ? 'the peer sent its greeting a second time'
          : 'the peer does not acknowledge what it gets: set acknowledge at both ends or at neither. No message was sent',
      );
    }
    if (control === undefined) {
      this.#receiving.put(frame);
      this.#handOut();
    } else if (control.kind === 'acknowledgement') {
      this.#sending.acknowledged(control.value);
    } else {
      this.#greeted = true;
      if (control.value === 0) throw new AncillaryError('ERR_FRAME_INVALID', 'the peer has a window of no descriptors');
      this.#sending.greeted(control.value);
    }
  }

  #handOut(): void {
    if (this.#waiters.length === 0) {
      this.#receiving.acknowledge();
      return;
    }
    const value = this.#receiving.take();
    if (value !== undefined) this.#waiters.shift()?.({ done: false, value });
  }

  /** What the peer knows to have arrived is handed out all the same, unless the socket was destroyed here. */
  #end(error: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    if (error === undefined && this.#socket.destroyed && !this.#socket.readableEnded) this.#receiving.close();
    const waiters = this.#waiters.clear();
    if (waiters.length > 0) this.#told = true;
    for (const resolve of waiters) resolve(error === undefined ? DONE : Promise.reject(error));
    this.#sending.end(error);
  }
}
