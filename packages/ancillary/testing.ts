import { ModelWorld, type ModelWorldOptions } from '../binding-model';
import { FdSocket, type FdSocketOptions } from '../stream';

export interface ModelSocketPairOptions extends ModelWorldOptions {
  /** For both sockets. */
  readonly socket?: FdSocketOptions;
}

/** Two sockets connected to each other through a model of a kernel, and that model. */
export type ModelSocketPair = [FdSocket, FdSocket] & { readonly world: ModelWorld };

/**
 * Two sockets connected to each other, each in a process of its own, through a model of the kernel instead of the real
 * one. The seed decides when a wake-up comes, how much a read returns, and where random faults fall; the same seed and
 * the same program give the same run.
 *
 * What they send are descriptors of the model, from `world.open()`, or real ones of this process, which arrive as real
 * ones (`ancillary` must have been imported then).
 *
 * @throws TypeError and RangeError for options
 */
export function modelSocketPair({ socket, ...options }: ModelSocketPairOptions = {}): ModelSocketPair {
  const world = new ModelWorld(options);
  const [a, b] = world.socketpair();
  const [first, second] = world.bindings;
  const pair: [FdSocket, FdSocket] = [new FdSocket(first, a, socket), new FdSocket(second, b, socket)];
  return Object.assign(pair, { world });
}

export {
  type Credentials,
  type Fault,
  type FaultName,
  type FaultRate,
  type Faults,
  KernelError,
  KernelModel,
  type KernelModelOptions,
  type KernelName,
  type ModelProcess,
  ModelWorld,
  type ModelWorldOptions,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  type ProcessOptions,
  type Readiness,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendMessage,
  type ShutdownHow,
  type SocketOption,
  type SocketType,
  type SystemCalls,
  type TraceEvent,
} from '../binding-model';
