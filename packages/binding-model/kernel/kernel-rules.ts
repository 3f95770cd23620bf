import { SCM_MAX_FD } from './limits';

/** Kernels that the model knows. `'linux'` is checked against the real one; the others were only read about. */
export type KernelName = 'linux' | 'bsd' | 'darwin';

/** Where kernels differ. */
export interface KernelRules {
  readonly name: KernelName;
  /**
   * Where a read of a stream stops at descriptors: after the segment that carries them (docs/kernel.md 2), or before
   * it, unless it is the first (docs/kernel.md 24).
   */
  readonly barrier: 'after' | 'before';
  /** Whether the send buffer is counted in the kernel's memory (docs/kernel.md 19) or in bytes. */
  readonly room: 'memory' | 'bytes';
  readonly sendBuffer: number;
  /** Bytes before the payload of a control message, and what its space is rounded up to. */
  readonly control: { readonly header: number; readonly alignment: number };
  /** How many of `count` descriptors get a number where the control buffer has room for `fits`. */
  filesThatFit(count: number, fits: number): number;
  /** Whether a receive that finds too few free numbers fails, and all its descriptors are lost (docs/kernel.md 24). */
  readonly failsWithoutNumbers: boolean;
  /** How many descriptors one control message, or all of one sendmsg, may have, and what more fail with (14). */
  readonly mostFds: { readonly count: number; readonly of: 'sendmsg' | 'control message'; readonly errno: string };
  /** How many control messages one sendmsg may have. */
  readonly mostLists: number;
  /** Whether descriptors travel without bytes, or are dropped (docs/kernel.md 15). */
  readonly sendsWithoutBytes: boolean;
  /** Whether ending the receiving direction drops what waits there. */
  readonly shutdownDrops: boolean;
  /** Whether descriptors in flight can be lost when their sender closes its own (docs/kernel.md 25). */
  readonly losesUnheld: boolean;
  /** What refuses descriptors when too many are in flight (docs/kernel.md 20). */
  readonly tooManyInFlight: 'ETOOMANYREFS' | 'EMSGSIZE';
}

export const KERNEL_RULES: Readonly<Record<KernelName, KernelRules>> = {
  linux: {
    name: 'linux',
    barrier: 'after',
    room: 'memory',
    sendBuffer: 212_992,
    control: { header: 16, alignment: 8 },
    filesThatFit: (count, fits) => Math.min(count, fits),
    failsWithoutNumbers: false,
    mostFds: { count: SCM_MAX_FD, of: 'sendmsg', errno: 'EINVAL' },
    mostLists: Infinity,
    sendsWithoutBytes: false,
    shutdownDrops: false,
    losesUnheld: false,
    tooManyInFlight: 'ETOOMANYREFS',
  },
  bsd: {
    name: 'bsd',
    barrier: 'before',
    room: 'bytes',
    sendBuffer: 8192,
    control: { header: 16, alignment: 8 },
    filesThatFit: (count, fits) => (count <= fits ? count : 0),
    failsWithoutNumbers: true,
    // A control message becomes one buffer of 2 KiB, with a pointer of 8 bytes for each descriptor.
    mostFds: { count: 254, of: 'control message', errno: 'EMSGSIZE' },
    mostLists: Infinity,
    sendsWithoutBytes: true,
    shutdownDrops: true,
    losesUnheld: false,
    tooManyInFlight: 'ETOOMANYREFS',
  },
  darwin: {
    name: 'darwin',
    barrier: 'before',
    room: 'bytes',
    sendBuffer: 8192,
    control: { header: 12, alignment: 4 },
    filesThatFit: (count) => count,
    failsWithoutNumbers: true,
    mostFds: { count: 254, of: 'control message', errno: 'EINVAL' },
    // The length of the first must be that of all control data.
    mostLists: 1,
    sendsWithoutBytes: true,
    shutdownDrops: true,
    losesUnheld: true,
    tooManyInFlight: 'EMSGSIZE',
  },
};
