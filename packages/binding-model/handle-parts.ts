import type { PeerCredentials } from '../binding';
import type { FaultPlan } from './fault-plan';
import type { ForeignDescriptors } from './foreign-descriptors';
import type { ModelProcess } from './kernel';
import type { ModelDescriptors } from './model-descriptors';
import type { Random } from './random';
import type { Scheduler } from './scheduler';

/** What the sockets of a model share, and what is one socket's own. */
export interface HandleParts {
  readonly process: ModelProcess;
  readonly descriptors: ModelDescriptors;
  readonly foreign: ForeignDescriptors;
  readonly scheduler: Scheduler;
  readonly faults: FaultPlan;
  readonly random: Random;
  /** Which socket of the pair. */
  readonly place: 0 | 1;
  readonly peer: PeerCredentials;
}
