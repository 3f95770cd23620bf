import { OwnedFd, type SocketHandle } from '../../packages/binding';
import type { ModelWorld } from '../../packages/binding-model';
import type { Plan } from './plan';

/** The other end: it makes the system calls of a plan, as the kernel takes them, and then ends. */
export class Sending {
  readonly #world: ModelWorld;
  readonly #handle: SocketHandle;
  readonly #stream: Buffer;
  readonly #left: { start: number; readonly end: number; readonly fds: readonly number[] }[];
  /** The descriptors of the first that is left, until they have gone. */
  #given: OwnedFd[] | undefined;

  constructor(world: ModelWorld, end: OwnedFd, { stream, messages }: Plan) {
    this.#world = world;
    this.#stream = stream;
    this.#left = messages.map(({ start, end: last, fds }) => ({ start, end: last, fds }));
    this.#handle = world.bindings[1].open(end, {
      inbox: { deliver: () => undefined },
      hangup: () => undefined,
      failed: () => undefined,
      writable: () => this.#advance(),
    });
    this.#advance();
  }

  close(): void {
    this.#left.length = 0;
    this.#closeGiven();
    this.#handle.close();
  }

  #advance(): void {
    for (let message = this.#left[0]; message !== undefined; message = this.#left[0]) {
      const given = (this.#given ??= message.fds.map((fd) => this.#world.open(`file ${fd}`, 1)));
      const bytes = this.#stream.subarray(message.start, message.end);
      const { accepted, error } = this.#handle.sendParts([{ bytes, fds: given.map(({ fd }) => fd) }]);
      message.start += accepted;
      // They left with the first byte, however few were taken (docs/kernel.md 18).
      if (accepted > 0) this.#closeGiven();
      if (message.start === message.end) {
        this.#left.shift();
        this.#given = undefined;
      }
      if (error === undefined) continue;
      if (error === 'EAGAIN') this.#handle.watchWritable();
      else if (error === 'ETOOMANYREFS') this.#world.bindings[1].after(1, () => this.#advance());
      // The reader has gone.
      else this.#left.length = 0;
      return;
    }
    this.#handle.shutdown();
  }

  /** Keeps that there were some, so that they are not sent again. */
  #closeGiven(): void {
    OwnedFd.closeAll(this.#given ?? []);
    this.#given = [];
  }
}
