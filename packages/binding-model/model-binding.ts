import {
  AncillaryError,
  type Anchor,
  type OwnedFd,
  type SocketBinding,
  type SocketEvents,
  type SocketHandle,
} from '../binding';
import type { ModelProcess } from './kernel';
import { ModelDescriptors, withSystemErrors } from './model-descriptors';
import { ModelSocketHandle } from './model-socket-handle';
import { Random } from './random';
import { isReal } from './travellers';
import type { ModelWorld } from './model-world';

/** The contract of `binding` over a process of a {@link KernelModel}; deterministic from the seed of its world. */
export class ModelBinding implements SocketBinding {
  readonly anchor: Anchor;
  readonly descriptors: ModelDescriptors;
  readonly process: ModelProcess;
  readonly #world: ModelWorld;
  readonly #place: 0 | 1;
  #opened = 0;

  /** @param place which of the two processes of the world */
  constructor(world: ModelWorld, process: ModelProcess, place: 0 | 1) {
    this.#world = world;
    this.#place = place;
    this.process = process;
    this.anchor = process.rules.barrier === 'after' ? 'last-byte' : 'first-byte';
    this.descriptors = new ModelDescriptors(process);
  }

  open(socket: OwnedFd, events: SocketEvents): SocketHandle {
    const { fd } = socket;
    const { process } = this;
    if (isReal(fd) || !process.isOpen(fd)) {
      throw new AncillaryError('ERR_FD_KIND', `descriptor ${fd} is no socket of this model`);
    }
    // The model's own test for a socket; as the native binding, it has out-of-band bytes come in their place.
    withSystemErrors(() => process.getsockopt(fd, 'SO_TYPE'));
    if (process.rules.name === 'linux') process.setsockopt(fd, 'SO_OOBINLINE', 1);
    socket.take();
    this.#opened++;
    const { seed, scheduler, travellers, faults } = this.#world;
    return new ModelSocketHandle(fd, events, {
      process,
      descriptors: this.descriptors,
      travellers,
      scheduler,
      faults,
      random: Random.forked(seed, `socket ${this.#place}.${this.#opened}`),
      place: this.#place,
      peer: this.#world.credentialsOf(this.#place === 0 ? 1 : 0),
    });
  }

  after(milliseconds: number, callback: () => void): () => void {
    return this.#world.scheduler.after(milliseconds, callback);
  }

  /** Both in this process. */
  socketpair(): [OwnedFd, OwnedFd] {
    const [a, b] = withSystemErrors(() => this.process.socketpair('stream'));
    return [this.descriptors.adopt(a), this.descriptors.adopt(b)];
  }
}
