import { unreachable } from './garbage';
import { type KernelModelOptions, requireKernelOptions } from './kernel-options';
import { KERNEL_RULES, type KernelRules } from './kernel-rules';
import { ModelProcess } from './model-process';
import { ModelSocket } from './model-socket';
import { type OpenFile, ProcessFile } from './open-file';
import { type ProcessOptions, requireProcessOptions } from './process-options';
import { SocketFile } from './socket-file';
import type { SocketType } from './system-calls';
import type { User } from './user';

/**
 * What a kernel does with the bytes and descriptors that are sent over Unix sockets, as a program without input, output
 * or clock: for tests under conditions that the real kernel shows rarely, and to be read. Its rules are the numbered
 * facts of docs/kernel.md. `'linux'` is compared with the running kernel by the tests of this package.
 */
export class KernelModel {
  readonly rules: KernelRules;
  readonly options: KernelModelOptions;
  readonly #processes: ModelProcess[] = [];
  readonly #sockets = new Set<SocketFile>();
  readonly #users = new Map<number, User>();
  readonly #pidfds = new Map<number, OpenFile>();
  #socketCount = 0;
  #collecting = false;

  /** @throws TypeError and RangeError for options */
  constructor(options: KernelModelOptions = {}) {
    requireKernelOptions(options);
    this.options = options;
    this.rules = KERNEL_RULES[options.kernel ?? 'linux'];
  }

  /** A new process, with a descriptor table of its own. @throws TypeError and RangeError for options */
  process(options: ProcessOptions = {}): ModelProcess {
    requireProcessOptions(options);
    const process = new ModelProcess(this, this.#processes.length + 1, options);
    this.#processes.push(process);
    return process;
  }

  /** @internal */
  hasProcess(pid: number): boolean {
    return this.#processes.some((process) => process.credentials.pid === pid);
  }

  /** @internal */
  user(uid: number): User {
    let user = this.#users.get(uid);
    if (user === undefined) {
      user = { inFlight: 0 };
      this.#users.set(uid, user);
    }
    return user;
  }

  /** Two sockets, connected and not yet in any table. @internal */
  pair(type: SocketType): [SocketFile, SocketFile] {
    const [a, b] = [this.#socket(type), this.#socket(type)];
    a.peer = b;
    b.peer = a;
    return [this.#opened(a), this.#opened(b)];
  }

  /** The file that stands for a process; there is one for each. @internal */
  pidfd(pid: number): OpenFile {
    let file = this.#pidfds.get(pid);
    if (file === undefined) {
      file = new ProcessFile(`process ${pid}`);
      this.#pidfds.set(pid, file);
    }
    return file;
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
    // All that waits in the circle is taken out before any of it is released: nobody outside hears of unread bytes.
    const segments = unreachable(this.#sockets).flatMap((socket) => socket.takeQueue());
    for (const segment of segments) segment.free();
    this.#collecting = false;
  }
}
