import type { OwnedFd } from '../../../packages/ancillary';
import { nativeBinding } from '../../../packages/binding-native';
import { FdSocket, type FdSocketOptions } from '../../../packages/stream';

interface Interval {
  readonly milliseconds: number;
  readonly callback: () => void;
}

/** Time that passes when it is told to. */
export class SteppedClock {
  readonly #intervals = new Set<Interval>();

  /** How long each of the timers is that run. */
  get running(): number[] {
    return [...this.#intervals].map(({ milliseconds }) => milliseconds);
  }

  readonly every = (milliseconds: number, callback: () => void): (() => void) => {
    const interval = { milliseconds, callback };
    this.#intervals.add(interval);
    return () => void this.#intervals.delete(interval);
  };

  /** Has each timer that runs fire so many times. */
  tick(times = 1): void {
    for (let count = 0; count < times; count++) for (const { callback } of [...this.#intervals]) callback();
  }
}

/** Two real sockets, connected to each other, whose deadlines go by a clock. */
export function clockedPair(clock: SteppedClock, options?: FdSocketOptions): [FdSocket, FdSocket] {
  const binding = { ...nativeBinding, every: clock.every };
  const wrap = (end: OwnedFd): FdSocket => FdSocket.wrap(binding, end, options);
  const [left, right] = nativeBinding.socketpair();
  return [wrap(left), wrap(right)];
}
