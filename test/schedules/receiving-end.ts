import { type Anchor, OwnedFd } from '../../packages/binding';
import { KernelError, type ModelProcess, type ReceivedMessage } from '../../packages/binding-model';
import { ModelLookAhead } from '../../packages/binding-model/model-look-ahead';
import { ModelDescriptors } from '../../packages/binding-model/model-descriptors';
import type { FdFrame } from '../../packages/stream/frame';
import type { FrameLimits } from '../../packages/stream/receive/claim-policy';
import type { Discarder } from '../../packages/stream/receive/discard';
import type { FrameMeasure } from '../../packages/stream/receive/frame-measure';
import { FrameReader } from '../../packages/stream/receive/frame-reader';
import { ReceiveQueue } from '../../packages/stream/receive/receive-queue';
import { reported } from './expected';

/** Room for all that one sendmsg can carry. */
const CONTROL_LENGTH = 2048;

/** What a read brought; descriptors by their names in the script. */
export interface Came {
  readonly length: number;
  readonly fds: readonly number[];
  readonly truncated: boolean;
}

/** A frame as it was handed out, its descriptors closed since. */
export interface Taken {
  readonly frame: FdFrame;
  readonly fds: readonly number[];
}

/** The socket that is received from, in a process of its own, with the queue and the reader behind it. */
export class ReceivingEnd {
  readonly anchor: Anchor;
  readonly queue: ReceiveQueue<OwnedFd>;
  readonly reader: FrameReader;
  readonly #process: ModelProcess;
  readonly #socket: number;
  readonly #descriptors: ModelDescriptors;
  /** What was closed unseen since {@link discarded} was called last. */
  #discarded: string[] = [];
  #lost = false;
  readonly #lookAhead: ModelLookAhead;

  constructor(process: ModelProcess, socket: number, codec: FrameMeasure, limits: FrameLimits) {
    this.anchor = process.rules.barrier === 'after' ? 'last-byte' : 'first-byte';
    this.queue = new ReceiveQueue(this.anchor);
    const discarder: Discarder = {
      discard: (fds, _range, reason) => {
        this.#discarded.push(...reported(this.#close(fds), reason));
      },
    };
    const all = { ...limits, receiveFds: true, highWaterMark: 65_536 };
    this.reader = new FrameReader(
      {
        queue: this.queue,
        limits: all,
        discarder,
        end: undefined,
        owner: { failed: () => undefined },
        frameTaken: () => undefined,
      },
      codec,
    );
    this.#process = process;
    this.#socket = socket;
    this.#lookAhead = new ModelLookAhead(process, socket);
    this.#descriptors = new ModelDescriptors(process, () => undefined);
  }

  /** Looks at what is to be read, if the reader wants that. Returns what it was shown before it is read, if anything. */
  look(): string | undefined {
    this.#lookAhead.look(this.reader.demand(true).look);
    const shown = this.#lookAhead.next();
    if (shown === undefined) return undefined;
    this.queue.ahead = Buffer.from(shown);
    return `${shown.length} bytes in front of the end of a message with descriptors`;
  }

  /** How many bytes may be read now, at most. */
  get most(): number {
    const { bytes, look } = this.reader.demand(true);
    return Math.min(look === 'nothing' ? Infinity : this.#lookAhead.limit, bytes);
  }

  /** All that was seen and decides what is read next. */
  get seen(): string {
    return `${this.#lookAhead.key} ${this.queue.ahead.length} ${this.reader.demand(true).look}`;
  }

  /** One recvmsg, as one wake-up. @param numbers how many descriptor numbers are free; default: enough */
  read(size: number, numbers = Infinity): Came {
    const { bytes, fds, truncated } = this.#recvmsg(size, numbers);
    const names = fds.map((fd) => this.#name(fd));
    this.queue.compact();
    this.queue.push(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      fds.map((fd) => this.#descriptors.adopt(fd)),
      truncated,
      this.#lookAhead.took(bytes.length, size, fds.length > 0 || truncated),
    );
    return { length: bytes.length, fds: names, truncated };
  }

  /** The next frame, if it is there. @throws as FrameReader does */
  take(): Taken | undefined {
    const frame = this.reader.cut();
    return frame === undefined ? undefined : { frame, fds: this.#close(frame.fds) };
  }

  discarded(): string[] {
    return this.#discarded.splice(0);
  }

  /** Closes everything, the socket included. Returns what the queue held. */
  destroy(): number[] {
    this.#process.close(this.#socket);
    return this.#close(this.queue.clear());
  }

  #recvmsg(size: number, numbers: number): ReceivedMessage {
    const call = (): ReceivedMessage => {
      return this.#process.recvmsg(this.#socket, { size, controlLength: CONTROL_LENGTH });
    };
    try {
      const message = numbers === Infinity ? call() : this.#process.withFreeNumbers(numbers, call);
      const truncated = message.truncated || this.#lost;
      this.#lost = false;
      return { ...message, truncated };
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'EMSGSIZE') throw error;
      // The descriptors of the next byte are gone, and the byte is still there (docs/kernel.md 24).
      this.#lost = true;
      return this.#recvmsg(size, Infinity);
    }
  }

  /** Returns the names of what it closes; each must be open. */
  #close(fds: readonly OwnedFd[]): number[] {
    const names = fds.map(({ fd }) => this.#name(fd));
    OwnedFd.closeAll(fds);
    return names;
  }

  #name(fd: number): number {
    return Number(this.#process.identity(fd));
  }
}
