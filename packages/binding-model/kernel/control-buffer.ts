import type { DescriptorTable } from './descriptor-table';
import { NOBODY } from './limits';
import { dropAll, type OpenFile } from './open-file';
import type { KernelRules } from './kernel-rules';
import type { ModelSocket } from './model-socket';
import type { Credentials } from './system-calls';

/** What a receive brought beside bytes. */
export interface Ancillary {
  /** References that pass to whoever takes this. */
  readonly files: readonly OpenFile[] | undefined;
  /** Whose bytes they are: `undefined` for a writer who was not noted, `'nobody'` when no segment was looked at. */
  readonly writer: Credentials | undefined | 'nobody';
}

/** The control messages that were delivered. */
export interface Delivered {
  fds: number[];
  truncated: boolean;
  credentials?: Credentials;
  pidfd?: number;
}

const CREDENTIALS_LENGTH = 12;
const FD_LENGTH = 4;
/** EMFILE, as it comes in the place of a pidfd that found no free number. */
const NO_FREE_NUMBER = -24;

/** The room that a receiver gave for control messages, used up from the front (docs/kernel.md 7, 9). */
export class ControlBuffer {
  #room: number;
  #ranOutOfNumbers = false;
  readonly #rules: KernelRules;
  readonly #table: DescriptorTable;
  readonly #delivered: Delivered = { fds: [], truncated: false };

  constructor(controlLength: number, table: DescriptorTable, rules: KernelRules) {
    this.#room = controlLength;
    this.#table = table;
    this.#rules = rules;
  }

  /** Whether descriptors were lost because no number was free. */
  get ranOutOfNumbers(): boolean {
    return this.#ranOutOfNumbers;
  }

  /** Delivers what fits, and drops the rest. @param pidfd makes the file that stands for a process */
  deliver(socket: ModelSocket, ancillary: Ancillary | undefined, pidfd: (pid: number) => OpenFile): Delivered {
    if (ancillary === undefined) return this.#delivered;
    const { files, writer } = ancillary;
    if (this.#room === 0) {
      this.#delivered.truncated = socket.tellsWriters || files !== undefined;
      dropAll(files ?? []);
      return this.#delivered;
    }
    if (socket.passCredentials) this.#putCredentials(writer);
    if (files !== undefined) this.#putFiles(files);
    if (socket.passPidfd) this.#putPidfd(writer, pidfd);
    return this.#delivered;
  }

  #putCredentials(writer: Ancillary['writer']): void {
    const { header } = this.#rules.control;
    if (this.#room < header + CREDENTIALS_LENGTH) this.#delivered.truncated = true;
    else this.#delivered.credentials = credentialsOf(writer);
    if (this.#room >= header) this.#use(CREDENTIALS_LENGTH);
  }

  /** A full table ends the prefix that is installed, without an errno (docs/kernel.md 8). */
  #putFiles(files: readonly OpenFile[]): void {
    const fits = Math.max(0, Math.floor((this.#room - this.#rules.control.header) / FD_LENGTH));
    const fds: number[] = [];
    for (const file of files.slice(0, this.#rules.filesThatFit(files.length, fits))) {
      const fd = this.#table.install(file);
      this.#ranOutOfNumbers = fd === undefined;
      if (fd === undefined) break;
      fds.push(fd);
    }
    dropAll(files);
    this.#delivered.fds = fds.slice(0, fits);
    if (this.#delivered.fds.length < files.length) this.#delivered.truncated = true;
    if (this.#delivered.fds.length > 0) this.#use(this.#delivered.fds.length * FD_LENGTH);
  }

  #putPidfd(writer: Ancillary['writer'], pidfd: (pid: number) => OpenFile): void {
    if (this.#room < this.#rules.control.header + FD_LENGTH) {
      this.#delivered.truncated = true;
      return;
    }
    if (writer === undefined || writer === 'nobody') return;
    this.#delivered.pidfd = this.#table.install(pidfd(writer.pid)) ?? NO_FREE_NUMBER;
    this.#use(FD_LENGTH);
  }

  /** CMSG_SPACE of a payload, or what is left. */
  #use(payload: number): void {
    const { header, alignment } = this.#rules.control;
    this.#room -= Math.min(this.#room, header + Math.ceil(payload / alignment) * alignment);
  }
}

function credentialsOf(writer: Ancillary['writer']): Credentials {
  if (writer === 'nobody') return { pid: 0, uid: 0, gid: 0 };
  return writer ?? { pid: 0, uid: NOBODY, gid: NOBODY };
}
