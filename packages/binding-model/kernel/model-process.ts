import { invalidValue } from './argument-errors';
import { ControlBuffer } from './control-buffer';
import { receiveDatagram, sendDatagram } from './datagram';
import { DescriptorTable } from './descriptor-table';
import type { KernelRules } from './kernel-rules';
import type { KernelState } from './kernel-state';
import { NO_ID } from './limits';
import type { ModelSocket } from './model-socket';
import { dropAll, OpenFile, ProcessFile } from './open-file';
import { resolveMessage } from './outgoing-message';
import type { ProcessOptions } from './process-options';
import {
  isShutdownHow,
  requireFile,
  requireOptionValue,
  requireReceiveRequest,
  requireSendMessage,
  requireSocketType,
} from './require-arguments';
import { requireCount } from './require-values';
import { SocketFile } from './socket-file';
import { getOption, setOption } from './socket-options';
import { receiveStream } from './stream-receive';
import { sendStream } from './stream-send';
import {
  type Credentials,
  KernelError,
  MSG_PEEK,
  type Readiness,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendMessage,
  type ShutdownHow,
  type SocketOption,
  type SocketType,
  type SystemCalls,
} from './system-calls';
import { receiveEvent, sendEvent } from './trace-calls';
import type { User } from './user';

const DEFAULT_FD_LIMIT = 1024;

/** A process of a {@link KernelModel}: a descriptor table, and the system calls that work on it. */
export class ModelProcess implements SystemCalls {
  readonly credentials: Credentials;
  readonly rules: KernelRules;
  /** The lowest descriptor number: limits count from here. */
  readonly firstFd: number;
  /** @internal */
  readonly user: User;
  readonly #kernel: KernelState;
  readonly #table: DescriptorTable;

  /** @internal */
  constructor(kernel: KernelState, { uid = 0, gid = 0, firstFd = 0, lastFd = Infinity }: ProcessOptions) {
    this.credentials = { pid: kernel.newPid(), uid, gid };
    this.rules = kernel.rules;
    this.firstFd = firstFd;
    this.user = kernel.user(uid);
    this.#kernel = kernel;
    this.#table = new DescriptorTable(kernel.options.fdLimit ?? DEFAULT_FD_LIMIT, firstFd, lastFd);
  }

  /** @param other the process that the second socket is for; default this one */
  socketpair(type: SocketType, other: ModelProcess = this): [number, number] {
    requireSocketType(type);
    if (!(other instanceof ModelProcess) || other.#kernel !== this.#kernel) {
      throw invalidValue('the second socket is for a process of the same KernelModel');
    }
    const needed = other === this ? 2 : 1;
    if (!this.#table.hasRoomFor(needed) || !other.#table.hasRoomFor(needed))
      throw new KernelError('EMFILE', 'socketpair');
    const [a, b] = this.#kernel.pair(type);
    return [this.#install(a, 'socketpair'), other.#install(b, 'socketpair')];
  }

  /** @param released called when no descriptor refers to the file any more, neither in a table nor in flight */
  open(identity: string, released?: () => void): number {
    requireFile(identity, released);
    return this.#install(new OpenFile(identity, released), 'open');
  }

  identity(fd: number): string {
    return this.file(fd, 'fstat').identity;
  }

  isOpen(fd: number): boolean {
    return this.#table.get(fd) !== undefined;
  }

  dup(fd: number): number {
    return this.#install(this.file(fd, 'dup'), 'dup');
  }

  close(fd: number): void {
    const file = this.#table.remove(fd);
    if (file === undefined) throw notOpen(fd, 'close');
    file.drop();
  }

  sendmsg(fd: number, message: SendMessage): number {
    requireSendMessage(message);
    const socket = this.#socket(fd, 'sendmsg');
    const { peer } = socket;
    if (socket.type !== 'stream') return sendDatagram(socket, message, this);
    const outgoing = resolveMessage(message, this);
    const start = peer?.bytesQueued ?? 0;
    const taken = sendStream(socket, outgoing);
    if (peer !== undefined) this.#kernel.options.trace?.(sendEvent(peer, outgoing, start, taken));
    return taken;
  }

  recvmsg(fd: number, request: ReceiveRequest): ReceivedMessage {
    requireReceiveRequest(request);
    const socket = this.#socket(fd, 'recvmsg');
    if (this.rules.failsWithoutNumbers) this.#loseWithoutNumbers(socket);
    const taken = (socket.type === 'stream' ? receiveStream : receiveDatagram)(socket, request);
    const control = new ControlBuffer(request.controlLength, this.#table, this.rules);
    const delivered = control.deliver(socket, taken.ancillary, (pid) => this.#kernel.pidfd(pid));
    if (taken.error !== undefined) throw new KernelError(taken.error, 'recvmsg');
    const { bytes, length, dataTruncated, outOfBand } = taken;
    if (socket.type === 'stream' && ((request.flags ?? 0) & MSG_PEEK) === 0) {
      this.#kernel.options.trace?.(receiveEvent(socket, request, taken, delivered, control.ranOutOfNumbers));
    }
    return { bytes, length, dataTruncated, outOfBand, ...delivered };
  }

  setsockopt(fd: number, option: SocketOption, value: number): void {
    requireOptionValue(value);
    setOption(this.#socket(fd, 'setsockopt'), option, value);
  }

  getsockopt(fd: number, option: SocketOption | 'SO_ERROR' | 'SO_TYPE'): number {
    return getOption(this.#socket(fd, 'getsockopt'), option);
  }

  shutdown(fd: number, how: ShutdownHow): void {
    const socket = this.#socket(fd, 'shutdown');
    if (!isShutdownHow(how)) throw new KernelError('EINVAL', 'shutdown');
    socket.shutdown(how !== 'SHUT_WR', how !== 'SHUT_RD');
  }

  poll(fd: number): Readiness {
    return this.file(fd, 'poll').poll();
  }

  inq(fd: number): number {
    const file = this.file(fd, 'ioctl');
    if (file instanceof ProcessFile) throw new KernelError('ENOTTY', 'ioctl', `descriptor ${fd} stands for a process`);
    // The files that are opened here are empty.
    return file instanceof SocketFile ? file.socket.inputLength : 0;
  }

  outq(fd: number): number {
    return this.#socket(fd, 'ioctl').memory;
  }

  setFdLimit(limit: number): void {
    requireCount(limit, 'the limit');
    this.#table.limit = limit;
  }

  /** RLIMIT_NOFILE. @internal */
  get fdLimit(): number {
    return this.#table.limit;
  }

  /** How many descriptors are open. @internal */
  get openCount(): number {
    return this.#table.size;
  }

  /** Runs a call while so many descriptor numbers are free, and no more. */
  withFreeNumbers<T>(free: number, call: () => T): T {
    requireCount(free, 'how many numbers are free');
    const { limit } = this.#table;
    this.#table.limit = this.#table.limitFor(free);
    try {
      return call();
    } finally {
      this.#table.limit = limit;
    }
  }

  /** docs/kernel.md 25: what is on its way to this socket, and no process has, can be lost on some kernels. */
  loseUnheld(fd: number): void {
    if (this.rules.losesUnheld) this.#kernel.loseUnheld(this.#socket(fd, 'recvmsg').queue);
  }

  /** Every open descriptor, lowest first, and the identity of its file. */
  descriptors(): [number, string][] {
    return this.#table.entries().map(([fd, file]) => [fd, file.identity]);
  }

  /** @internal @throws EBADF */
  file(fd: number, syscall: string): OpenFile {
    const file = this.#table.get(fd);
    if (file === undefined) throw notOpen(fd, syscall);
    return file;
  }

  /** How many of the user's descriptors may be in flight before more are refused. @internal */
  get inFlightLimit(): number {
    const { inFlightLimit } = this.#kernel.options;
    return inFlightLimit ?? (this.credentials.uid === 0 ? Infinity : this.#table.limit);
  }

  /** Only root may say that it is somebody else, and only of somebody who exists. @internal @throws EINVAL, EPERM, ESRCH */
  checkClaim({ pid, uid, gid }: Credentials): void {
    const own = this.credentials;
    if (uid === NO_ID || gid === NO_ID) throw new KernelError('EINVAL', 'sendmsg');
    if (own.uid !== 0 && (pid !== own.pid || uid !== own.uid || gid !== own.gid)) {
      throw new KernelError('EPERM', 'sendmsg');
    }
    if (!this.#kernel.hasProcess(pid)) throw new KernelError('ESRCH', 'sendmsg');
  }

  #install(file: OpenFile, syscall: string): number {
    const fd = this.#table.install(file);
    if (fd === undefined) throw new KernelError('EMFILE', syscall);
    return fd;
  }

  #socket(fd: number, syscall: string): ModelSocket {
    const file = this.file(fd, syscall);
    if (!(file instanceof SocketFile)) {
      throw new KernelError(syscall === 'ioctl' ? 'ENOTTY' : 'ENOTSOCK', syscall, `descriptor ${fd} is no socket`);
    }
    return file.socket;
  }

  /** docs/kernel.md 24: the descriptors are lost, the bytes stay. */
  #loseWithoutNumbers({ queue: [first] }: ModelSocket): void {
    if (first?.files === undefined || this.#table.hasRoomFor(first.files.length)) return;
    dropAll(first.takeFiles() ?? []);
    throw new KernelError('EMSGSIZE', 'recvmsg');
  }
}

function notOpen(fd: number, syscall: string): KernelError {
  return new KernelError('EBADF', syscall, `descriptor ${fd} is not open`);
}
