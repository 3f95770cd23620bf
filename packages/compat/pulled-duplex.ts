import type { FdFrame } from '../stream';
import { CarryingDuplex } from './carrying-duplex';
import { ReceivedFds } from './received-fds';

/** A Duplex whose descriptors wait until they are taken, and reading with them where they are many. */
export abstract class PulledDuplex extends CarryingDuplex {
  protected readonly untaken = new ReceivedFds();

  /** The next that came with bytes before an offset, at most so many, as numbers for the caller to close. */
  protected takeNumbers(end: number, most: number): number[] {
    const fds = this.untaken.takeBefore(end, most).map((fd) => fd.take());
    this.roomAgain();
    return fds;
  }

  protected override get full(): boolean {
    return this.untaken.full;
  }

  protected override received(frame: FdFrame): void {
    this.untaken.add(frame);
  }

  protected override closeReceived(): void {
    this.untaken.close();
  }
}
