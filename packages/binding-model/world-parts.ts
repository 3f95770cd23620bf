import type { PeerCredentials } from '../binding';
import type { FaultPlan } from './fault-plan';
import type { ForeignDescriptors } from './foreign-descriptors';
import type { KernelModel } from './kernel';
import type { NumberOwner } from './model-numbers';
import type { Scheduler } from './scheduler';

/** What the processes of a world share, and open their sockets with. */
export interface WorldParts extends NumberOwner {
  readonly seed: number;
  readonly kernel: KernelModel;
  readonly scheduler: Scheduler;
  readonly foreign: ForeignDescriptors;
  readonly faults: FaultPlan;
  /** The process at the other end of each socket, by the socket's identity. */
  readonly peers: Map<string, PeerCredentials>;
}
