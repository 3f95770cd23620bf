import { readdirSync } from 'node:fs';
import { KernelModel, type KernelModelOptions, type SystemCalls } from '../../packages/binding-model/kernel';
import { kernelCalls } from '../kernel-calls/kernel-calls';
import { RealProcess } from '../kernel-calls/real-process';

/** A process that runs a program, on the model or on the running kernel. */
export interface Machine {
  readonly calls: SystemCalls;
  /** All numbers below are taken by what is no business of the program, and none above. */
  readonly firstFd: number;
  /** RLIMIT_NOFILE at the start. */
  readonly fdLimit: number;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Another process that lives as long. */
  readonly otherPid: number;
}

/** What a machine of the model shares with another one. */
export type Likeness = Pick<Machine, 'firstFd' | 'fdLimit' | 'uid' | 'gid'>;

/** Makes a machine for one program. */
export type Kernel = () => Machine;

/** The running kernel. Nothing else of this process may open descriptors from now on. */
export function realKernel(): Kernel {
  const facts = {
    firstFd: takeLowNumbers(),
    fdLimit: kernelCalls.getrlimit(),
    pid: process.pid,
    otherPid: process.ppid,
    ...ownIds(),
  };
  return () => ({ ...facts, calls: new RealProcess([facts.pid, facts.otherPid]) });
}

/**
 * The model, with a process like `like`: the same numbers, limits and user.
 * @param make makes another model than the usual one
 */
export function modelKernel(like: Likeness, make = (options: KernelModelOptions) => new KernelModel(options)): Kernel {
  const { firstFd, fdLimit, uid, gid } = like;
  return () => {
    const kernel = make({ fdLimit });
    const calls = kernel.process({ uid, gid });
    const { pid: otherPid } = kernel.process({ uid, gid }).credentials;
    for (let fd = 0; fd < firstFd; fd++) calls.open('not of the program');
    return { calls, firstFd, fdLimit, pid: calls.credentials.pid, uid, gid, otherPid };
  };
}

function ownIds(): { uid: number; gid: number } {
  const { getuid, getgid } = process;
  if (getuid === undefined || getgid === undefined) throw new Error('needs a system with users');
  return { uid: getuid(), gid: getgid() };
}

/** Fills the gaps between open descriptors, so that the free numbers are the same as in the model. */
function takeLowNumbers(): number {
  const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
  for (;;) {
    const fd = kernelCalls.dup(0);
    if (fd < 0) throw new Error(`dup failed with ${fd}`);
    if (fd <= highest) continue;
    kernelCalls.close(fd);
    return fd;
  }
}
