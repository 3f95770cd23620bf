import { type OwnedFd, type PeerCredentials, systemError, invalidType, invalidValue, outOfRange } from '../binding';
import { FaultPlan } from './fault-plan';
import type { Fault, Faults } from './faults';
import { ForeignDescriptors } from './foreign-descriptors';
import { KernelModel, type KernelModelOptions, type TraceEvent } from './kernel';
import { SCM_MAX_FD } from './kernel/limits';
import { requireKeys } from './kernel/require-values';
import { ModelBinding } from './model-binding';
import { withSystemErrors } from './model-descriptors';
import { takeNumbers, worldOf } from './model-numbers';
import { Random } from './random';
import { Scheduler } from './scheduler';

/** A world: its kernel, the seed, and what goes wrong in it. */
export interface ModelWorldOptions extends Omit<KernelModelOptions, 'trace'> {
  /** An integer that decides everything left to chance. Default: a new one, see {@link ModelWorld.seed}. */
  readonly seed?: number | undefined;
  /**
   * What goes wrong: a list of single faults, or a rate at which everyday ones happen. Default: nothing, though reads
   * are cut and wake-ups delayed all the same.
   */
  readonly faults?: Faults | undefined;
}

const SEEDS = 2 ** 32;

/** The names of all options, as keys. */
export const WORLD_OPTIONS: Readonly<Record<keyof ModelWorldOptions, true>> = {
  seed: true,
  faults: true,
  kernel: true,
  sndbuf: true,
  fdLimit: true,
  inFlightLimit: true,
};

/**
 * A kernel with two processes, and all that chance decides for them. The same seed, options and program give the same
 * run, provided that the program waits for nothing but these sockets: neither for real timers nor for files.
 */
export class ModelWorld {
  /** To be printed when a test fails: `modelSocketPair({ seed })` then gives the same run again. */
  readonly seed: number;
  readonly kernel: KernelModel;
  /** Every sendmsg and recvmsg that took something so far; `drawTimeline` makes a picture of it. */
  readonly timeline: TraceEvent[] = [];
  /** One for each process. */
  readonly bindings: readonly [ModelBinding, ModelBinding];
  /** @internal */
  readonly scheduler: Scheduler;
  /** @internal */
  readonly foreign = new ForeignDescriptors();
  /** @internal */
  readonly faults: FaultPlan;
  /** The process at the other end of each socket, by the socket's identity. @internal */
  readonly peers = new Map<string, PeerCredentials>();

  /** @throws TypeError and RangeError for options */
  constructor(given: ModelWorldOptions = {}) {
    requireKeys(given, WORLD_OPTIONS, 'ModelWorld');
    const { seed = Math.floor(Math.random() * SEEDS), faults, ...options } = given;
    requireSeed(seed);
    this.seed = seed;
    this.faults = new FaultPlan(faults);
    this.scheduler = new Scheduler(Random.forked(seed, 'scheduler'));
    this.kernel = new KernelModel({
      ...options,
      trace: (event) => {
        this.timeline.push(event);
        this.scheduler.changed();
      },
    });
    // A foreign descriptor has a number of the sender's too while it is being sent.
    const numbers = (options.fdLimit ?? 0) + SCM_MAX_FD;
    const binding = (place: 0 | 1): ModelBinding => new ModelBinding(this, place, takeNumbers(this, numbers));
    this.bindings = [binding(0), binding(1)];
  }

  /** Faults of the list that did not happen so far: after a test, those that tested nothing. */
  get faultsLeft(): readonly Fault[] {
    return this.faults.left;
  }

  /** Milliseconds that have passed on the model's clock, which moves only when something waits for it. */
  get now(): number {
    return this.scheduler.now;
  }

  /** Which of the two has a descriptor number of this world. @internal */
  bindingOf(fd: number): ModelBinding | undefined {
    return this.bindings.find((binding) => binding.has(fd));
  }

  /** Two connected stream sockets, one in each process. @throws EMFILE */
  socketpair(): [OwnedFd, OwnedFd] {
    const [first, second] = this.bindings;
    return first.socketpair(second);
  }

  /**
   * Opens a file that exists for its identity alone, to be sent. The caller owns the descriptor.
   * @param place the process: of the first socket of a pair, or of the second
   * @throws EMFILE
   */
  open(identity: string, place: 0 | 1 = 0): OwnedFd {
    requirePlace(place);
    const { process, descriptors } = this.bindings[place];
    return descriptors.adopt(withSystemErrors(() => process.open(identity)));
  }

  /**
   * Which file a descriptor of either process, or of another world, refers to: the name it was opened with.
   * @param descriptor a number, or anything that has one as `fd`, such as an OwnedFd
   * @throws EBADF
   */
  identity(descriptor: number | { readonly fd: number }): string {
    const fd = typeof descriptor === 'number' ? descriptor : descriptor.fd;
    const binding = worldOf(fd)?.bindingOf(fd);
    if (binding === undefined) throw systemError('EBADF', 'fstat', `descriptor ${fd} is not of a model`);
    return withSystemErrors(() => binding.process.identity(fd));
  }

  /**
   * Resolves when nothing is left to happen by itself: no socket can be woken, and nothing waits for the model's clock.
   * Whatever has not come by then never will, unless the program acts again. What the program itself waits for, such as
   * a file or a real timer, is not known here. While a send is refused for want of something that never comes, such as
   * room for descriptors in flight that nobody receives, it is tried again for ever, and this does not resolve.
   */
  idle(): Promise<void> {
    return this.scheduler.idle();
  }

  /**
   * The identities of all that is open, by process, the sockets included: after both were destroyed, what the program
   * leaked.
   */
  openDescriptors(): [string[], string[]] {
    const [first, second] = this.bindings.map(({ process }) => process.descriptors().map(([, identity]) => identity));
    return [first ?? [], second ?? []];
  }
}

function requirePlace(place: unknown): void {
  if (place !== 0 && place !== 1) {
    throw invalidValue(`a file is opened in the process 0 or 1, not ${String(place)}`);
  }
}

function requireSeed(seed: unknown): void {
  if (typeof seed !== 'number') throw invalidType(`seed is a number, not ${String(seed)}`);
  if (!Number.isSafeInteger(seed)) throw outOfRange(`seed is an integer, not ${seed}`);
}
