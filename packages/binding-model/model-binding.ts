import {
  AncillaryError,
  type Anchor,
  type OwnedFd,
  type PeerBinding,
  type PeerCredentials,
  type SocketBinding,
  type SocketEvents,
  type SocketHandle,
} from '../binding';
import { KernelError, type ModelProcess } from './kernel';
import { ModelDescriptors, withSystemErrors } from './model-descriptors';
import { ModelSocketHandle } from './model-socket-handle';
import { Random } from './random';
import { isReal, type NumberRange } from './model-numbers';
import type { WorldParts } from './world-parts';

const SOCK_STREAM = 1;

/** The contract of `binding` over a process of a {@link KernelModel}; deterministic from the seed of its world. */
export class ModelBinding implements SocketBinding {
  readonly anchor: Anchor;
  readonly descriptors: ModelDescriptors;
  readonly realTime = false;
  readonly process: ModelProcess;
  /** A process of the model has neither groups nor a pidfd. */
  readonly peers: PeerBinding = {
    credentials: (socket) => this.#peerOf(socket),
    groups: () => undefined,
    pidfd: () => undefined,
    label: () => undefined,
  };
  readonly #numbers: NumberRange;
  readonly #world: WorldParts;
  readonly #place: 0 | 1;
  #opened = 0;

  /**
   * Makes a process in the world.
   * @param place the first one, or the second
   * @param numbers of its descriptors
   */
  constructor(world: WorldParts, place: 0 | 1, numbers: NumberRange) {
    const { first: firstFd, count } = numbers;
    this.#world = world;
    this.#place = place;
    this.#numbers = numbers;
    this.process = world.kernel.process({ firstFd, lastFd: firstFd + count - 1 });
    this.anchor = this.process.rules.barrier === 'after' ? 'last-byte' : 'first-byte';
    this.descriptors = new ModelDescriptors(this.process, () => world.scheduler.changed(), world);
  }

  /** Whether a descriptor number is of this process, open or not. */
  has(fd: number): boolean {
    const { first, count } = this.#numbers;
    return fd >= first && fd < first + count;
  }

  open(socket: OwnedFd, events: SocketEvents): SocketHandle {
    const { fd } = socket;
    const { process, descriptors } = this;
    this.#requireStream(fd);
    // As the native binding, it has out-of-band bytes come in their place.
    if (process.rules.name === 'linux') process.setsockopt(fd, 'SO_OOBINLINE', 1);
    descriptors.handOver(socket);
    this.#opened++;
    const { seed, scheduler, foreign, faults } = this.#world;
    return new ModelSocketHandle(fd, events, {
      process,
      descriptors,
      foreign,
      scheduler,
      faults,
      random: Random.forked(seed, `socket ${this.#place}.${this.#opened}`),
      place: this.#place,
      peer: this.#peerOf(fd),
    });
  }

  after(milliseconds: number, callback: () => void): () => void {
    return this.#world.scheduler.after(milliseconds, callback);
  }

  every(milliseconds: number, callback: () => void): () => void {
    return this.#world.scheduler.every(milliseconds, callback);
  }

  /** @param other the process that the second socket is for; default this one */
  socketpair(other: ModelBinding = this): [OwnedFd, OwnedFd] {
    const [a, b] = withSystemErrors(() => this.process.socketpair('stream', other.process));
    const { peers } = this.#world;
    peers.set(this.process.identity(a), other.process.credentials);
    peers.set(other.process.identity(b), this.process.credentials);
    return [this.descriptors.adopt(a), other.descriptors.adopt(b)];
  }

  /** @throws EBADF */
  #peerOf(fd: number): PeerCredentials {
    const { process } = this;
    return this.#world.peers.get(withSystemErrors(() => process.identity(fd))) ?? process.credentials;
  }

  #requireStream(fd: number): void {
    if (!isReal(fd) && withSystemErrors(() => this.#isStream(fd))) return;
    throw new AncillaryError(
      'ERR_FD_KIND',
      `descriptor ${fd} is no connected Unix stream socket of this model; it is still open and yours`,
    );
  }

  #isStream(fd: number): boolean {
    try {
      return this.process.getsockopt(fd, 'SO_TYPE') === SOCK_STREAM;
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ENOTSOCK') return false;
      throw error;
    }
  }
}
