import { OwnedFd } from '../../packages/binding';
import type { Kernel } from './kernel';

/** Files of the first process, each its own, to be sent. `using` closes them. */
export class SentFiles implements Disposable {
  readonly owned: readonly OwnedFd[];
  /** In the order of {@link owned}; of use also when those are closed. */
  readonly identities: readonly string[];

  constructor(kernel: Kernel, count: number) {
    this.owned = Array.from({ length: count }, () => kernel.open(0));
    this.identities = this.owned.map((each) => kernel.identity(each, 0));
  }

  get numbers(): number[] {
    return this.owned.map(({ fd }) => fd);
  }

  [Symbol.dispose](): void {
    OwnedFd.closeAll(this.owned);
  }
}

/** The files behind descriptors that the second process received. */
export function received(kernel: Kernel, fds: readonly OwnedFd[]): string[] {
  return fds.map((fd) => kernel.identity(fd, 1));
}

/** A number of the first process that is not open, and so high that duplicates do not get it meanwhile. */
export function notOpen(kernel: Kernel): number {
  using files = new SentFiles(kernel, 700);
  return Math.max(...files.numbers);
}
