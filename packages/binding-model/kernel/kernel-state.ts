import { countInFlight, unreachable } from './garbage';
import type { KernelModelOptions } from './kernel-options';
import { KERNEL_RULES, type KernelRules } from './kernel-rules';
import { ModelSocket } from './model-socket';
import { type OpenFile, ProcessFile } from './open-file';
import type { QueuedSegment } from './queued-segment';
import { SocketFile } from './socket-file';
import type { SocketType } from './system-calls';
import type { User } from './user';

/** What the processes of one kernel share: its rules and options, its users, and its sockets. */
export class KernelState {
  readonly rules: KernelRules;
  readonly options: KernelModelOptions;
  readonly #sockets = new Set<SocketFile>();
  readonly #users = new Map<number, User>();
  readonly #pidfds = new Map<number, OpenFile>();
  #lastPid = 0;
  #socketCount = 0;
  #collecting = false;

  constructor(options: KernelModelOptions) {
    this.options = options;
    this.rules = KERNEL_RULES[options.kernel ?? 'linux'];
  }

  /** The number of a new process. */
  newPid(): number {
    this.#lastPid++;
    return this.#lastPid;
  }

  /** Whether there is a process of this number. None ever ends. */
  hasProcess(pid: number): boolean {
    return pid >= 1 && pid <= this.#lastPid;
  }

  user(uid: number): User {
    let user = this.#users.get(uid);
    if (user === undefined) {
      user = { inFlight: 0 };
      this.#users.set(uid, user);
    }
    return user;
  }

  /** Two sockets, connected and not yet in any table. */
  pair(type: SocketType): [SocketFile, SocketFile] {
    const [a, b] = [this.#socket(type), this.#socket(type)];
    a.peer = b;
    b.peer = a;
    return [this.#opened(a), this.#opened(b)];
  }

  /** The file that stands for a process; there is one for each. */
  pidfd(pid: number): OpenFile {
    let file = this.#pidfds.get(pid);
    if (file === undefined) {
      file = new ProcessFile(`process ${pid}`);
      this.#pidfds.set(pid, file);
    }
    return file;
  }

  /** Drops the descriptors of these segments that are open in no process: there are no references but those in flight. */
  loseUnheld(segments: readonly QueuedSegment[]): void {
    const inFlight = countInFlight(this.#sockets);
    for (const segment of [...segments]) segment.lose((file) => file.references === inFlight.get(file));
  }

  #socket(type: SocketType): ModelSocket {
    this.#socketCount++;
    const sendBuffer = this.options.sndbuf ?? this.rules.sendBuffer;
    return new ModelSocket(type, `socket ${this.#socketCount}`, this.rules, sendBuffer);
  }

  #opened(socket: ModelSocket): SocketFile {
    const file: SocketFile = new SocketFile(socket, () => {
      this.#sockets.delete(file);
      this.#collect();
    });
    this.#sockets.add(file);
    return file;
  }

  /** docs/kernel.md 35: the release of a socket is the occasion. Linux does it in the background, soon after. */
  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    // All that waits in the circle is taken out before any of it is released: no socket outside gets an error for bytes
    // that were not read.
    const segments = unreachable(this.#sockets).flatMap((socket) => socket.takeQueue());
    for (const segment of segments) segment.free();
    this.#collecting = false;
  }
}
