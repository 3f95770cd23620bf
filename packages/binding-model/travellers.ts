import { type DescriptorTable, OwnedFd } from '../binding';
import type { ModelProcess } from './kernel';
import { isReal } from './model-numbers';

/**
 * Descriptors on their way through a world that they are not of: real ones, and those of other worlds. Each is a
 * duplicate of the one that was sent; in the model a file stands for it, and whoever receives that gets the duplicate
 * instead.
 */
export class Travellers {
  readonly #fds = new Map<string, OwnedFd>();
  #count = 0;

  /**
   * Puts a descriptor on its way. Returns the sender's number for it, to be closed after it was sent.
   * @param table which it is of
   */
  depart(fd: number, table: DescriptorTable, sender: ModelProcess): number {
    const copy = OwnedFd.ofLedger(table.dup(fd), table);
    this.#count++;
    const described = table.describe(fd);
    const identity = isReal(fd)
      ? `real descriptor ${this.#count}: ${nameOf(described)}`
      : `descriptor ${this.#count} of another world: ${described}`;
    this.#fds.set(identity, copy);
    // A real sendmsg needs no number for what it sends.
    return sender.withFreeNumbers(1, () => sender.open(identity, () => this.#take(identity)?.close()));
  }

  /** The descriptor that a received one stands for, if it does; the receiver's number for that is closed then. */
  arrive(fd: number, receiver: ModelProcess): OwnedFd | undefined {
    const copy = this.#take(receiver.identity(fd));
    if (copy !== undefined) receiver.close(fd);
    return copy;
  }

  #take(identity: string): OwnedFd | undefined {
    const copy = this.#fds.get(identity);
    this.#fds.delete(identity);
    return copy;
  }
}

/** Without what differs from run to run: the directory, and the numbers of a pipe or a socket. */
function nameOf(description: string): string {
  return description.slice(description.lastIndexOf('/') + 1).replace(/:\[\d+\]$/, '');
}
