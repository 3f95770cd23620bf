import { readFileSync } from 'node:fs';
import { fds, OwnedFd } from '../../packages/ancillary';
import { identity } from './descriptors';

/** Files in memory, each its own, so that identities tell descriptors apart. `using` closes them. */
export class Files implements Disposable {
  readonly owned: readonly OwnedFd[];
  /** In the order of {@link owned}. */
  readonly identities: readonly string[];

  constructor(count: number, content?: string) {
    const data = content === undefined ? undefined : Buffer.from(content);
    this.owned = Array.from({ length: count }, (_, index) => fds.memfd(`file ${index}`, data));
    this.identities = this.owned.map(({ fd }) => identity(fd));
  }

  /** Their numbers, to send. */
  get numbers(): number[] {
    return this.owned.map(({ fd }) => fd);
  }

  [Symbol.dispose](): void {
    OwnedFd.closeAll(this.owned);
  }
}

/** The files behind descriptors, in order. */
export function identitiesOf(owned: readonly OwnedFd[]): string[] {
  return owned.map(({ fd }) => identity(fd));
}

/** Where the open file stands; all copies of a descriptor share it. */
export function positionOf(fd: number): number {
  return Number(/^pos:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
}
