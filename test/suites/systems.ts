import { KernelModel, type KernelName, type Credentials, type SystemCalls } from '../../packages/binding-model/kernel';
import { kernelCalls } from '../kernel-calls/kernel-calls';
import { RealProcess } from '../kernel-calls/real-process';

/** A process in which a case runs. */
export interface System {
  readonly calls: SystemCalls;
  /** What a receiver who asks for credentials is told of it. */
  readonly credentials: Credentials;
  /** RLIMIT_NOFILE as it found it. */
  readonly fdLimit: number;
}

type NamedSystem = readonly [name: string, start: () => System];

const fdLimit = 1024;

const model = (kernel: KernelName) => (): System => {
  const calls = new KernelModel({ kernel, fdLimit }).process();
  return { calls, credentials: calls.credentials, fdLimit };
};

const kernel = (): System => ({
  calls: new RealProcess(),
  credentials: { pid: process.pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 },
  fdLimit: kernelCalls.getrlimit(),
});

/** Linux twice: as the model has it, and as the kernel under this process does it. */
export const linux: readonly NamedSystem[] = [
  ['the model', model('linux')],
  ['the kernel', kernel],
];

/** For cases of FreeBSD whose outcome is another one on Linux. */
export const freebsd: readonly NamedSystem[] = [['the model of FreeBSD', model('bsd')]];
