import { type DescriptorTable, getProcessTable, OwnedFd } from '../binding';
import type { ModelProcess } from './kernel';

/** Numbers of the model begin here, above what a process of a real kernel may have (fs.nr_open). */
export const FIRST_MODEL_FD = 2_000_000;

/** Whether a number is of the process that runs the model, and not of the model. */
export function isReal(fd: number): boolean {
  return fd < FIRST_MODEL_FD;
}

/**
 * Real descriptors on their way through a model. Each is a duplicate of the one that was sent; in the model a file stands
 * for it, and whoever receives that gets the duplicate instead.
 */
export class Travellers {
  readonly #fds = new Map<string, OwnedFd>();
  #count = 0;

  /** Puts a real descriptor on its way. Returns the model's number for it, to be closed after it was sent. */
  depart(fd: number, sender: ModelProcess): number {
    const table: DescriptorTable = getProcessTable();
    const copy = OwnedFd.ofLedger(table.dup(fd), table);
    this.#count++;
    const identity = `real descriptor ${this.#count}: ${table.describe(fd)}`;
    this.#fds.set(identity, copy);
    return sender.open(identity, () => {
      this.#fds.delete(identity);
      copy.close();
    });
  }

  /** The real descriptor that a received one stands for, if it does; the model's number is closed then. */
  arrive(fd: number, receiver: ModelProcess): OwnedFd | undefined {
    const copy = this.#fds.get(receiver.identity(fd));
    if (copy === undefined) return undefined;
    const arrived = copy.dup();
    receiver.close(fd);
    return arrived;
  }
}
