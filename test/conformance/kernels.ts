import type { ModelWorldOptions } from '../../packages/binding-model';
import type { NamedKernel } from './kernel';
import { modelKernel } from './model-kernel';
import { nativeKernel } from './native-kernel';

const model = (name: string, options: ModelWorldOptions): NamedKernel => [
  `the model of ${name}, seed ${options.seed}`,
  () => modelKernel(options),
];

/** Where a read stops after descriptors: the real one, and the model under several schedules. */
export const linux: readonly NamedKernel[] = [
  ['the kernel', nativeKernel],
  ...[1, 2, 3, 4, 5].map((seed) => model('Linux', { kernel: 'linux', seed })),
];

/** Where a read stops before descriptors. */
const others: readonly NamedKernel[] = [
  ...[1, 2].map((seed) => model('FreeBSD', { kernel: 'bsd', seed })),
  ...[1, 2].map((seed) => model('macOS', { kernel: 'darwin', seed })),
];

export const kernels: readonly NamedKernel[] = [...linux, ...others];

/** Refusals and short counts that nobody who reads and writes an FdSocket may notice. */
const faults = 0.2;

/** For what stands over a binding. */
export const kernelsWithFaults: readonly NamedKernel[] = [
  ...kernels,
  ...[1, 2, 3].map((seed) => model('Linux with faults', { kernel: 'linux', seed, faults })),
  model('macOS with faults', { kernel: 'darwin', seed: 1, faults }),
];
