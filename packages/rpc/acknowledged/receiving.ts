import { AncillaryError } from '../../binding';
import { type Acknowledging, type FdFrame, type FdSocket, Fifo, sendFrame } from '../../stream';
import { type Cost, Window } from './window';

/** A message that came. */
interface Incoming {
  readonly frame: FdFrame;
  readonly cost: Cost;
  acknowledged: boolean;
}

/**
 * The receiving side: what came and was not taken yet, and what of it is acknowledged. So that acknowledgements are never
 * stuck behind messages, reading goes on while some are awaited; what bounds it is that messages are acknowledged only as long
 * as a window of them waits to be taken, and the peer sends no more than a window beyond.
 */
export class AcknowledgedReceiving {
  readonly #socket: FdSocket;
  readonly #acknowledging: Acknowledging;
  readonly #untaken = new Fifo<Incoming>();
  readonly #unacknowledged = new Fifo<Incoming>();
  /** Of what is acknowledged and not taken. */
  readonly #waiting: Window;
  /** Of what the peer cannot know yet to be acknowledged. */
  readonly #open: Window;
  /** What the next acknowledgement tells of. */
  #owed: Cost[] = [];
  #telling = false;

  constructor(socket: FdSocket, by: Acknowledging) {
    this.#socket = socket;
    this.#acknowledging = by;
    this.#waiting = new Window(by.window);
    this.#open = new Window(by.window);
  }

  /** @throws ERR_FD_TRUNCATED, ERR_FRAME_INVALID, with the frame closed */
  put(frame: FdFrame): void {
    const cost = { fds: frame.fds.length, bytes: frame.bytes.length };
    const refusal = this.#refusal(frame, cost);
    if (refusal !== undefined) {
      frame.close();
      throw refusal;
    }
    this.#open.add(cost);
    const message = { frame, cost, acknowledged: false };
    this.#untaken.push(message);
    this.#unacknowledged.push(message);
  }

  /** The next message, which is acknowledged when this returns. */
  take(): FdFrame | undefined {
    const message = this.#untaken.shift();
    if (message === undefined) return undefined;
    if (message.acknowledged) this.#waiting.remove(message.cost);
    else {
      // All before it are, since they were taken.
      this.#unacknowledged.shift();
      this.#owed.push(message.cost);
    }
    this.acknowledge();
    return message.frame;
  }

  /** Acknowledges what may wait to be taken. */
  acknowledge(): void {
    for (let next = this.#unacknowledged.front; next !== undefined; next = this.#unacknowledged.front) {
      if (!this.#waiting.fits(next.cost)) break;
      this.#unacknowledged.shift();
      next.acknowledged = true;
      this.#waiting.add(next.cost);
      this.#owed.push(next.cost);
    }
    this.#tell();
  }

  /** Closes what was not taken. */
  close(): void {
    for (const { frame } of this.#untaken.clear()) frame.close();
    this.#unacknowledged.clear();
  }

  /** One acknowledgement at a time: a peer that does not read must not make them many. */
  #tell(): void {
    if (this.#telling || this.#owed.length === 0) return;
    const told = this.#owed;
    this.#owed = [];
    this.#telling = true;
    const bytes = this.#acknowledging.encode({ kind: 'acknowledgement', value: told.length });
    this.#socket[sendFrame]({ bytes }, { signal: undefined, fdsPerSend: undefined }).then(
      () => {
        for (const cost of told) this.#open.remove(cost);
        this.#telling = false;
        this.#tell();
      },
      // The socket is at its end, which whoever reads it learns.
      () => undefined,
    );
  }

  #refusal(frame: FdFrame, cost: Cost): AncillaryError | undefined {
    if (frame.truncated)
      return new AncillaryError(
        'ERR_FD_TRUNCATED',
        'descriptors of a message to acknowledge were dropped; all are closed',
      );
    if (this.#open.fits(cost)) return undefined;
    return new AncillaryError(
      'ERR_FRAME_INVALID',
      `the peer has more messages unacknowledged than the window of ${this.#acknowledging.window} lets it; the last is closed`,
    );
  }
}
