import { AncillaryError, counted, type OwnedFd } from '../../binding';
import { Deadline, type Owed, type Watcher } from '../limits/deadlines/deadline';
import type { FrameTimeout } from '../limits/deadlines/options';
import type { Discarder } from './discard';
import type { ReceiveQueue } from './receive-queue';

/** Where a frame comes in. */
export interface FrameInHand {
  readonly queue: ReceiveQueue<OwnedFd>;
  readonly discarder: Discarder;
  readonly owner: { failed(error: Error): void };
  /** Where the frame began that somebody waits for; undefined also while it is us who have paused: nobody owes us the rest then. */
  readonly awaitedAt: number | undefined;
}

/** Whether a part of a frame came for which there is a time. */
export function isTimed({ queue }: FrameInHand, timeout: FrameTimeout): boolean {
  return queue.fdCount > 0 || (queue.length > 0 && timeout.ofBytes);
}

/** Ends reading where a frame does not come whole in time. */
export class FrameDeadline implements Owed {
  readonly #place: FrameInHand;
  readonly #timeout: FrameTimeout;
  readonly #deadline: Deadline;

  constructor(place: FrameInHand, timeout: FrameTimeout, watcher: Watcher) {
    this.#place = place;
    this.#timeout = timeout;
    this.#deadline = new Deadline(timeout.milliseconds, this, watcher);
  }

  begin(): void {
    this.#deadline.begin();
  }

  stop(): void {
    this.#deadline.stop();
  }

  get owed(): number | undefined {
    return isTimed(this.#place, this.#timeout) ? this.#place.awaitedAt : undefined;
  }

  overdue(): void {
    const { queue, discarder, owner } = this.#place;
    const { start, end, length, fdCount } = queue;
    const came = `${counted(length, 'byte')} and ${counted(fdCount, 'descriptor')}`;
    discarder.discard(queue.claimBeyond(0), { start, end }, 'incomplete');
    const message =
      `a frame has not come whole within ${this.#timeout.milliseconds} ms (frameTimeout) of its first byte or ` +
      `descriptor; what came, ${came} from byte ${start} on, is closed`;
    owner.failed(new AncillaryError('ERR_FRAME_TIMEOUT', message));
  }
}
