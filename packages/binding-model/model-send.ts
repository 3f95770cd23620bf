import { type SendPart, type SendResult } from '../binding';
import type { SendFault } from './faults';
import { KernelError } from './kernel';
import type { HandleParts } from './model-socket-handle';
import { isReal } from './travellers';

/** The sending half of a socket of the model. */
export class ModelSend {
  readonly #fd: number;
  readonly #parts: HandleParts;
  /** Where in the stream, and which system call. */
  #byte = 0;
  #message = 0;
  /** A refusal that the kernel did not make: room is there, and is told of by the next wake-up. */
  #pretended = false;

  constructor(fd: number, parts: HandleParts) {
    this.#fd = fd;
    this.#parts = parts;
  }

  get hasRoom(): boolean {
    return this.#pretended || this.#parts.process.poll(this.#fd).out;
  }

  /** Sends the parts, one system call for each, until one is refused or taken in part. */
  send(parts: readonly SendPart[]): SendResult {
    let accepted = 0;
    for (const part of parts) {
      let sent = 0;
      while (sent < part.bytes.length) {
        const result = this.#sendOnce({ bytes: part.bytes.subarray(sent), fds: sent === 0 ? part.fds : [] });
        if (typeof result === 'string') return { accepted, error: result };
        sent += result;
        accepted += result;
      }
    }
    return { accepted };
  }

  #sendOnce({ bytes, fds }: SendPart): number | string {
    const { faults, random, place } = this.#parts;
    const here = { socket: place, byte: this.#byte, message: this.#message };
    this.#pretended = false;
    const fault = faults.send(here, random);
    this.#message++;
    const refusal = this.#refusal(fault, fds);
    if (refusal !== undefined) return refusal;
    const most = Math.min(bytes.length, faults.untilSendFault(here));
    const length = fault === 'short-write' ? random.between(1, most) : most;
    const result = this.#sendmsg(bytes.subarray(0, length), fds);
    if (typeof result === 'number') this.#byte += result;
    return result;
  }

  #refusal(fault: SendFault | undefined, fds: readonly number[]): string | undefined {
    switch (fault) {
      case 'eagain':
        this.#pretended = true;
        return 'EAGAIN';
      case 'etoomanyrefs':
        // Plain bytes pass (docs/kernel.md 20).
        return fds.length === 0 ? undefined : this.#parts.process.rules.tooManyInFlight;
      case 'reset':
        this.#parts.process.shutdown(this.#fd, 'SHUT_RDWR');
        return 'EPIPE';
      default:
        return undefined;
    }
  }

  #sendmsg(bytes: Uint8Array, fds: readonly number[]): number | string {
    const { process, travellers } = this.#parts;
    const departed: number[] = [];
    try {
      const numbers = fds.map((fd) => {
        if (!isReal(fd)) return fd;
        const number = travellers.depart(fd, process);
        departed.push(number);
        return number;
      });
      return process.sendmsg(this.#fd, { bytes, fds: [numbers] });
    } catch (error) {
      return errorCode(error);
    } finally {
      for (const number of departed) process.close(number);
    }
  }
}

/** Of the model's errors, and of those that a real descriptor may cause. */
function errorCode(error: unknown): string {
  if (error instanceof KernelError) return error.code;
  if (error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string')
    return error.code;
  throw error;
}
