import { type DescriptorTable, getProcessTable, OwnedFd } from '../binding';
import type { ModelProcess } from './kernel';

/** Numbers of the model begin here, above what a process of a real kernel may have (fs.nr_open). */
export const FIRST_MODEL_FD = 2_000_000;
/** The two processes of a world have numbers of their own, so that one is never taken for the other's. */
const NUMBERS_OF_A_PROCESS = 1_000_000;

/** The lowest number of a process of a world. */
export function firstFdOf(place: 0 | 1): number {
  return FIRST_MODEL_FD + place * NUMBERS_OF_A_PROCESS;
}

/** Which process of a world has a number of the model. */
export function placeOf(fd: number): 0 | 1 {
  return fd < firstFdOf(1) ? 0 : 1;
}

/** Whether a number is of the process that runs the model, and not of the model. */
export function isReal(fd: number): boolean {
  return fd >= 0 && fd < FIRST_MODEL_FD;
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
    const identity = `real descriptor ${this.#count}: ${nameOf(table.describe(fd))}`;
    this.#fds.set(identity, copy);
    // A real sendmsg needs no number for what it sends.
    return sender.withFreeNumbers(1, () => sender.open(identity, () => this.#take(identity)?.close()));
  }

  /** The real descriptor that a received one stands for, if it does; the model's number is closed then. */
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
