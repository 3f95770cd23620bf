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
    tooManyInFlight: 'EMSGSIZE',
  },
};
