import { KernelError, type ModelProcess } from '../../packages/binding-model';
import type { InFlight } from './in-flight';

/** The socket that is sent with, in a process of its own. Descriptors have numbers there, and names in the script. */
export class SendingEnd {
  readonly #process: ModelProcess;
  readonly #socket: number;
  readonly #inFlight: InFlight;
  readonly #open = new Set<number>();
  #held = 0;

  constructor(process: ModelProcess, socket: number, inFlight: InFlight) {
    this.#process = process;
    this.#socket = socket;
    this.#inFlight = inFlight;
  }

  /** How many of the files opened here somebody refers to still, in a table or in flight. */
  get held(): number {
    return this.#held;
  }

  /** Opens files of these names; returns the numbers to send. */
  open(names: readonly number[]): number[] {
    return names.map((name) => {
      const fd = this.#process.open(String(name), () => this.#held--);
      this.#held++;
      this.#open.add(fd);
      return fd;
    });
  }

  /** One sendmsg. Returns how many bytes were taken; 0 when the kernel has no room. */
  sendmsg(bytes: Uint8Array, fds: readonly number[]): number {
    try {
      const taken = this.#process.sendmsg(this.#socket, { bytes, fds: [fds] });
      this.#inFlight.add(
        taken,
        fds.map((fd) => Number(this.#process.identity(fd))),
      );
      return taken;
    } catch (error) {
      if (error instanceof KernelError && error.code === 'EAGAIN') return 0;
      throw error;
    }
  }

  close(fds: readonly number[]): void {
    for (const fd of fds) {
      this.#process.close(fd);
      this.#open.delete(fd);
    }
  }

  /** Closes everything, the socket included. */
  destroy(): void {
    this.close([...this.#open]);
    this.#process.close(this.#socket);
  }
}
