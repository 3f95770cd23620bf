import { openSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { fds, OwnedFd } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { runDirectory } from '../support/children';

/** Descriptors to send, each of another file: memfds, pipes and files by turns. */
export class Pool implements Disposable {
  static readonly size = 16;
  readonly identities: readonly string[];
  readonly #owned: readonly OwnedFd[];

  constructor() {
    this.#owned = Array.from({ length: Pool.size }, (_, index) => {
      if (index % 3 === 0) return fds.memfd(`pool-${index}`);
      return index % 3 === 1 ? pipeEnd() : unlinkedFile(index);
    });
    this.identities = this.#owned.map(({ fd }) => identity(fd));
    if (new Set(this.identities).size !== Pool.size) throw new Error('two of the pool are the same file');
  }

  /** The numbers to send for indices into the pool. */
  numbers(indices: readonly number[]): number[] {
    return indices.map((index) => this.#owned[index % Pool.size]?.fd ?? -1);
  }

  /** What must be received for them. */
  identitiesOf(indices: readonly number[]): string[] {
    return indices.map((index) => this.identities[index % Pool.size] ?? '');
  }

  [Symbol.dispose](): void {
    OwnedFd.closeAll(this.#owned);
  }
}

function pipeEnd(): OwnedFd {
  const [reading, writing] = fds.pipe();
  writing.close();
  return reading;
}

function unlinkedFile(index: number): OwnedFd {
  const file = path.join(runDirectory(), `pool-${process.pid}-${index}`);
  const fd = OwnedFd.adopt(openSync(file, 'w+'));
  unlinkSync(file);
  return fd;
}
