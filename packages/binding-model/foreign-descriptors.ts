import { type DescriptorTable, OwnedFd } from '../binding';
import type { ModelProcess } from './kernel';
import { isReal } from './model-numbers';

/**
 * Descriptors that are sent through a world and are not its own: real ones, and those of other worlds. While one is on
 * its way there is a duplicate of it, and a file of the model stands for that; whoever receives the file gets the
 * duplicate instead.
 */
export class ForeignDescriptors {
  readonly #fds = new Map<string, OwnedFd>();
  #count = 0;

  /**
   * Duplicates a descriptor for sending. Returns the sender's number for the file that stands for it, to be closed once
   * it was sent.
   * @param table which it is of
   */
  bringIn(fd: number, table: DescriptorTable, sender: ModelProcess): number {
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
  takeOut(fd: number, receiver: ModelProcess): OwnedFd | undefined {
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
