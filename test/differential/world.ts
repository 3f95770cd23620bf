import type { Credentials, SocketType } from '../../packages/binding-model/kernel';
import type { Machine } from './machine';
import type { Pick, Rights, Target } from './program';
import { stretches } from './stretches';

/** A descriptor that a program has open. */
export interface Handle {
  readonly fd: number;
  readonly identity: string;
  /** Undefined for what is no socket. */
  readonly socket: Socket | undefined;
}

export interface Socket {
  readonly type: SocketType;
  /** Which pair it is an end of, in order of creation. */
  readonly pair: number;
}

/** No process has so many descriptors. */
const CLOSED = 1_000_000;

/** What a program has open on a machine, in the order of opening. */
export class World {
  readonly machine: Machine;
  readonly #handles: Handle[] = [];
  readonly #sockets = new Map<string, Socket>();
  #pairs = 0;
  #files = 0;
  #highest: number;

  constructor(machine: Machine) {
    this.machine = machine;
    this.#highest = machine.firstFd;
  }

  /** How many descriptors are open. */
  get count(): { readonly sockets: number; readonly all: number } {
    return { sockets: this.#handles.filter(isSocket).length, all: this.#handles.length };
  }

  nextFile(): string {
    return `file ${++this.#files}`;
  }

  /** Notes the ends of a new pair, and describes them. */
  addPair(type: SocketType, fds: readonly number[]): string {
    const socket = { type, pair: this.#pairs++ };
    for (const fd of fds) this.#sockets.set(this.machine.calls.identity(fd), socket);
    return fds.map((fd) => this.add(fd)).join(', ');
  }

  /** Notes a new descriptor, and describes it. */
  add(fd: number): string {
    const identity = this.machine.calls.identity(fd);
    this.#handles.push({ fd, identity, socket: this.#sockets.get(identity) });
    this.#highest = Math.max(this.#highest, fd);
    return `${this.numberOf(fd)} = ${this.#nameOf(identity)}`;
  }

  /** Notes received descriptors, describes them (`3 = file 1, 4-9 = file 2`), and closes all but the first. */
  addReceived(fds: readonly number[], keep: number): string {
    for (const fd of fds) this.add(fd);
    const received = this.#handles.slice(this.#handles.length - fds.length);
    const same = (a: Handle, b: Handle) => a.fd === b.fd + 1 && a.identity === b.identity;
    const described = stretches(received, same).map(([first, ...more]) => {
      const numbers = [first, ...more.slice(-1)].map((handle) => this.numberOf(handle?.fd ?? -1));
      return `${numbers.join('-')} = ${this.#nameOf(first?.identity ?? '')}`;
    });
    for (const handle of received.slice(keep)) this.close(handle);
    return described.join(', ');
  }

  close(handle: Handle): void {
    this.#handles.splice(this.#handles.indexOf(handle), 1);
    this.machine.calls.close(handle.fd);
  }

  /** Undefined when nothing is open. */
  pick(pick: Pick): Handle | undefined {
    return round(this.#handles, pick);
  }

  /** The descriptor for a call on sockets; a closed one when there is none of the kind. */
  target(target: Target): { fd: number; socket?: Socket | undefined } {
    const closed = { fd: CLOSED };
    if (target === 'a closed descriptor') return closed;
    if (target === 'a file') return this.#handles.find(isFile) ?? closed;
    const sockets = this.#handles.filter(isSocket);
    return round(sockets, target) ?? closed;
  }

  /**
   * Descriptors for one control message of a message on `on`.
   *
   * A socket is sent only on pairs older than its own. So no socket is ever in flight towards itself, not even over
   * others. Such a circle, once it is closed everywhere, is released by the kernel's collector, which runs in another
   * thread: when, is not to be foreseen, and so cannot be compared.
   */
  rights({ first, count, closedAt }: Rights, on: Socket | undefined): number[] {
    const sendable = this.#handles.filter(
      ({ socket }) => socket === undefined || on === undefined || socket.pair > on.pair,
    );
    const fds: number[] = [];
    for (let place = 0; place < count; place++) {
      fds.push(place === closedAt ? CLOSED : (round(sendable, first + place)?.fd ?? CLOSED));
    }
    return fds;
  }

  /** The RLIMIT_NOFILE with which exactly so many numbers are free. */
  limitFor(free: number): number {
    const taken = new Set(this.#handles.map(({ fd }) => fd));
    let limit = this.machine.firstFd;
    for (let left = free; left > 0 || taken.has(limit); limit++) if (!taken.has(limit)) left--;
    return limit;
  }

  /** Closes all, and describes what was open that no call had told of. */
  end(): string[] {
    const { calls, fdLimit, firstFd } = this.machine;
    calls.setFdLimit(fdLimit);
    this.#closeAll();
    const left: string[] = [];
    // A new descriptor gets the lowest free number: one that nobody told us of is not far above the others.
    for (let fd = firstFd, last = this.#highest + 1; fd <= last; fd++) {
      if (isOpen(this.machine, fd)) left.push(this.add(fd));
    }
    this.#closeAll();
    return left;
  }

  /** Numbers from the program's first, so that they are the same wherever it runs. */
  numberOf(fd: number): string {
    return fd === CLOSED ? 'closed' : `${fd - this.machine.firstFd}`;
  }

  describeCredentials({ pid, uid, gid }: Credentials): string {
    return `${this.#processOf(pid)} of ${uid}:${gid}`;
  }

  #closeAll(): void {
    for (const { fd } of this.#handles.splice(0)) this.machine.calls.close(fd);
  }

  /** What a file or process is called on every machine. */
  #nameOf(identity: string): string {
    const [, pid] = /^process (\d+)$/.exec(identity) ?? [];
    return pid === undefined ? identity : this.#processOf(Number(pid));
  }

  #processOf(pid: number): string {
    if (pid === this.machine.pid) return 'own process';
    return pid === this.machine.otherPid ? 'another process' : `process ${pid}`;
  }
}

function isOpen({ calls }: Machine, fd: number): boolean {
  try {
    calls.poll(fd);
    return true;
  } catch {
    return false;
  }
}

function isSocket({ socket }: Handle): boolean {
  return socket !== undefined;
}

function isFile({ socket, identity }: Handle): boolean {
  return socket === undefined && identity.startsWith('file');
}

function round<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % list.length];
}
