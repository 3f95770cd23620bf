import { getSystemErrorName } from 'node:util';
import {
  KernelError,
  MSG_OOB,
  MSG_TRUNC,
  type Readiness,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendMessage,
  type ShutdownHow,
  type SocketOption,
  type SocketType,
  type SystemCalls,
} from '../../packages/binding-model/kernel';
import { decodeControl, encodeControl } from './control-messages';
import { kernelCalls } from './kernel-calls';

const SOL_SOCKET = 1;
const TYPES = { stream: 1, dgram: 2, seqpacket: 5 } as const;
const HOWS = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 } as const;
const OPTIONS = {
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_SNDBUF: 7,
  SO_OOBINLINE: 10,
  SO_PASSCRED: 16,
  SO_PASSPIDFD: 76,
  SO_PASSRIGHTS: 83,
} as const;
const POLLIN = 0x1;
const POLLPRI = 0x2;
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLNVAL = 0x20;
const POLLRDHUP = 0x2000;
const SIOCINQ = 0x541b;
const SIOCOUTQ = 0x5411;
const MSG_CTRUNC = 0x8;

/** What libuv has another name for, or none. */
const OTHER_NAMES = new Map([
  [-95, 'EOPNOTSUPP'],
  [-109, 'ETOOMANYREFS'],
]);

/** Enough for every receive of the tests. */
const LARGEST_RECEIVE = 1 << 20;
const received = Buffer.alloc(LARGEST_RECEIVE);
const told = new Int32Array(2);
const pair = new Int32Array(2);
const status = new Float64Array(2);

/** This process, by the running kernel. It closes nothing by itself. */
export class RealProcess implements SystemCalls {
  /** Device and inode, and what the file was called when it was opened. */
  readonly #identities = new Map<string, string>();
  #sockets = 0;

  /** @param pids processes that a received pidfd may stand for; its identity is `process` and the number then */
  constructor(pids: readonly number[] = [process.pid]) {
    for (const pid of pids) {
      const fd = check(kernelCalls.pidfd_open(pid), 'pidfd_open');
      this.#name(fd, `process ${pid}`);
      kernelCalls.close(fd);
    }
  }

  socketpair(type: SocketType): [number, number] {
    check(kernelCalls.socketpair(TYPES[type], pair), 'socketpair');
    const [a = -1, b = -1] = pair;
    this.#name(a, `socket ${++this.#sockets}`);
    this.#name(b, `socket ${++this.#sockets}`);
    return [a, b];
  }

  open(identity: string): number {
    return this.#name(check(kernelCalls.memfd_create(identity), 'open'), identity);
  }

  identity(fd: number): string {
    const file = deviceAndInode(fd);
    const identity = this.#identities.get(file);
    if (identity === undefined) throw new Error(`descriptor ${fd} is of a file that was not opened here: ${file}`);
    return identity;
  }

  dup(fd: number): number {
    return check(kernelCalls.dup(fd), 'dup');
  }

  close(fd: number): void {
    check(kernelCalls.close(fd), 'close');
  }

  sendmsg(fd: number, message: SendMessage): number {
    return check(kernelCalls.sendmsg(fd, message.bytes, encodeControl(message), message.flags ?? 0), 'sendmsg');
  }

  recvmsg(fd: number, { size, controlLength, flags = 0 }: ReceiveRequest): ReceivedMessage {
    const control = controlLength === 0 ? null : Buffer.alloc(controlLength);
    const length = check(kernelCalls.recvmsg(fd, received.subarray(0, size), control, flags, told), 'recvmsg');
    const [controlFilled = 0, gotFlags = 0] = told;
    const unknown = gotFlags & ~(MSG_CTRUNC | MSG_TRUNC | MSG_OOB);
    if (unknown !== 0) throw new Error(`recvmsg returned flags 0x${unknown.toString(16)}`);
    return {
      bytes: Uint8Array.prototype.slice.call(received, 0, Math.min(length, size)),
      length,
      truncated: (gotFlags & MSG_CTRUNC) !== 0,
      dataTruncated: (gotFlags & MSG_TRUNC) !== 0,
      outOfBand: (gotFlags & MSG_OOB) !== 0,
      ...decodeControl(control?.subarray(0, controlFilled) ?? Buffer.alloc(0)),
    };
  }

  setsockopt(fd: number, option: SocketOption, value: number): void {
    check(kernelCalls.setsockopt(fd, SOL_SOCKET, OPTIONS[option], value), 'setsockopt');
  }

  getsockopt(fd: number, option: SocketOption | 'SO_ERROR' | 'SO_TYPE'): number {
    return check(kernelCalls.getsockopt(fd, SOL_SOCKET, OPTIONS[option]), 'getsockopt');
  }

  shutdown(fd: number, how: ShutdownHow): void {
    check(kernelCalls.shutdown(fd, HOWS[how]), 'shutdown');
  }

  poll(fd: number): Readiness {
    const events = check(kernelCalls.poll(fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP), 'poll');
    if ((events & POLLNVAL) !== 0) throw new KernelError('EBADF', 'poll');
    return {
      in: (events & POLLIN) !== 0,
      out: (events & POLLOUT) !== 0,
      pri: (events & POLLPRI) !== 0,
      err: (events & POLLERR) !== 0,
      hup: (events & POLLHUP) !== 0,
      rdhup: (events & POLLRDHUP) !== 0,
    };
  }

  inq(fd: number): number {
    return check(kernelCalls.ioctl(fd, SIOCINQ), 'ioctl');
  }

  outq(fd: number): number {
    return check(kernelCalls.ioctl(fd, SIOCOUTQ), 'ioctl');
  }

  setFdLimit(limit: number): void {
    check(kernelCalls.setrlimit(limit), 'setrlimit');
  }

  #name(fd: number, identity: string): number {
    this.#identities.set(deviceAndInode(fd), identity);
    return fd;
  }
}

function deviceAndInode(fd: number): string {
  check(kernelCalls.fstat(fd, status), 'fstat');
  return status.join(':');
}

function check(result: number, syscall: string): number {
  if (result < 0) throw new KernelError(errorName(result), syscall);
  return result;
}

function errorName(errno: number): string {
  return OTHER_NAMES.get(errno) ?? getSystemErrorName(errno);
}
