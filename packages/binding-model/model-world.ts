import { type OwnedFd, type PeerCredentials } from '../binding';
import { FaultPlan, type Faults } from './faults';
import { KernelModel, type KernelModelOptions, type TraceEvent } from './kernel';
import { ModelBinding } from './model-binding';
import { withSystemErrors } from './model-descriptors';
import { Random } from './random';
import { Scheduler } from './scheduler';
import { FIRST_MODEL_FD, Travellers } from './travellers';

export interface ModelWorldOptions extends Omit<KernelModelOptions, 'trace'> {
  /** Decides everything that is left to chance. Default: a new one, see {@link ModelWorld.seed}. */
  readonly seed?: number;
  readonly faults?: Faults;
}

const SEEDS = 2 ** 32;

/** A kernel with two processes, and all that chance decides for them. */
export class ModelWorld {
  /** The same seed, options and program give the same run. */
  readonly seed: number;
  readonly kernel: KernelModel;
  /** What happened on the sockets so far; `drawTimeline` makes a picture of it. */
  readonly timeline: TraceEvent[] = [];
  /** One for each process. */
  readonly bindings: readonly [ModelBinding, ModelBinding];
  /** @internal */
  readonly scheduler: Scheduler;
  /** @internal */
  readonly travellers = new Travellers();
  /** @internal */
  readonly faults: FaultPlan;

  constructor({ seed = Math.floor(Math.random() * SEEDS), faults, ...options }: ModelWorldOptions = {}) {
    this.seed = seed;
    this.faults = new FaultPlan(faults);
    this.scheduler = new Scheduler(Random.forked(seed, 'scheduler'));
    this.kernel = new KernelModel({ ...options, trace: (event) => this.timeline.push(event) });
    const binding = (place: 0 | 1): ModelBinding =>
      new ModelBinding(this, this.kernel.process({ firstFd: FIRST_MODEL_FD }), place);
    this.bindings = [binding(0), binding(1)];
  }

  /** Two connected stream sockets, one in each process. @throws EMFILE */
  socketpair(): [OwnedFd, OwnedFd] {
    const [first, second] = this.bindings;
    const [a, b] = withSystemErrors(() => first.process.socketpair('stream', second.process));
    return [first.descriptors.adopt(a), second.descriptors.adopt(b)];
  }

  /**
   * Opens a file that exists for its identity alone, to be sent. The caller owns the descriptor.
   * @param place the process: of the first socket of a pair, or of the second
   * @throws EMFILE
   */
  open(identity: string, place: 0 | 1 = 0): OwnedFd {
    const { process, descriptors } = this.bindings[place];
    return descriptors.adopt(withSystemErrors(() => process.open(identity)));
  }

  /** Which file a descriptor of the model refers to: the name it was opened with. @throws EBADF */
  identity({ fd }: { readonly fd: number }, place: 0 | 1): string {
    return withSystemErrors(() => this.bindings[place].process.identity(fd));
  }

  /** The identities of all that is open, by process: after a test, what it leaked. */
  openDescriptors(): [string[], string[]] {
    const [first, second] = this.bindings.map(({ process }) => process.descriptors().map(([, identity]) => identity));
    return [first ?? [], second ?? []];
  }

  /** @internal */
  credentialsOf(place: 0 | 1): PeerCredentials {
    return this.bindings[place].process.credentials;
  }
}
