import { type SendPart, type SendResult } from '../binding';
import type { FaultName } from './faults';
import type { HandleParts } from './handle-parts';
import { KernelError } from './kernel';
import { SCM_MAX_FD } from './kernel/limits';

/** Parts without descriptors that share a system call at most, as those of the native binding do that are not small. */
const MOST_TOGETHER = 64;

/** The sending half of a socket of the model: what native/send_batch.cc does, with chances drawn by the seed. */
export class ModelSend {
  readonly #fd: number;
  readonly #parts: HandleParts;
  /** Where in the stream, and which system call. */
  #byte = 0;
  #message = 0;
  /** A refusal that the kernel did not make: room is there, and the next wake-up reports it. */
  #pretended = false;

  constructor(fd: number, parts: HandleParts) {
    this.#fd = fd;
    this.#parts = parts;
  }

  get hasRoom(): boolean {
    return this.#pretended || this.#parts.process.poll(this.#fd).out;
  }

  /** Sends the parts until one is refused or taken in part. */
  send(parts: readonly SendPart[]): SendResult {
    let accepted = 0;
    for (const message of messages(parts)) {
      if (message.fds.length > SCM_MAX_FD) return { accepted, error: 'EINVAL' };
      // The kernel would report success and drop the descriptors (docs/kernel.md 15).
      if (message.bytes.length === 0 && message.fds.length > 0) return { accepted, error: 'EINVAL' };
      if (message.bytes.length === 0) continue;
      const result = this.#sendOnce(message);
      if (typeof result === 'string') return { accepted, error: result };
      accepted += result;
      if (result < message.bytes.length) return { accepted, error: 'EAGAIN' };
    }
    return { accepted };
  }

  #sendOnce({ bytes, fds }: SendPart): number | string {
    const { faults, random, place } = this.#parts;
    const here = { socket: place, byte: this.#byte, message: this.#message, descriptors: fds.length > 0 };
    this.#pretended = false;
    const fault = faults.send(here, random)?.what;
    this.#message++;
    if (fault === 'eintr') return this.#sendOnce({ bytes, fds });
    const refusal = this.#refusal(fault);
    if (refusal !== undefined) return refusal;
    const most = Math.min(bytes.length, faults.untilSendFault(here));
    const length = fault === 'short-write' ? random.between(1, Math.max(1, most - 1)) : most;
    const result = this.#sendmsg(bytes.subarray(0, length), fds);
    this.#pretended = result === length && length < bytes.length;
    if (typeof result === 'number') this.#byte += result;
    return result;
  }

  #refusal(fault: FaultName | undefined): string | undefined {
    switch (fault) {
      case 'eagain':
        this.#pretended = true;
        return 'EAGAIN';
      case 'etoomanyrefs':
        return this.#parts.process.rules.tooManyInFlight;
      case 'reset':
        this.#parts.process.shutdown(this.#fd, 'SHUT_RDWR');
        return 'EPIPE';
      default:
        return undefined;
    }
  }

  #sendmsg(bytes: Uint8Array, fds: readonly number[]): number | string {
    const { process, foreign, descriptors } = this.#parts;
    // All before the first is duplicated, which might get the number of one that is not open.
    if (fds.some((fd) => descriptors.elsewhere(fd)?.isOpen(fd) === false)) return 'EBADF';
    const broughtIn: number[] = [];
    try {
      const numbers = fds.map((fd) => {
        const table = descriptors.elsewhere(fd);
        if (table === undefined) return fd;
        const number = foreign.bringIn(fd, table, process);
        broughtIn.push(number);
        return number;
      });
      return process.sendmsg(this.#fd, { bytes, fds: [numbers] });
    } catch (error) {
      return errorCode(error);
    } finally {
      for (const number of broughtIn) process.close(number);
    }
  }
}

/** What goes in which system call: parts with descriptors each by itself, plain neighbours together. */
function messages(parts: readonly SendPart[]): SendPart[] {
  const groups: { fds: readonly number[]; bytes: Uint8Array[] }[] = [];
  for (const { bytes, pieces = [], fds } of parts) {
    const last = groups.at(-1);
    const joins = last !== undefined && fds.length === 0 && last.fds.length === 0 && last.bytes.length < MOST_TOGETHER;
    if (joins) last.bytes.push(bytes, ...pieces);
    else groups.push({ fds, bytes: [bytes, ...pieces] });
  }
  return groups.map(({ fds, bytes }) => ({ fds, bytes: Buffer.concat(bytes) }));
}

/** Of the model's errors, and of those that a descriptor from elsewhere may cause. */
function errorCode(error: unknown): string {
  if (error instanceof KernelError) return error.code;
  if (error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string')
    return error.code;
  throw error;
}
