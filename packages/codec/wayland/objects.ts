import { AncillaryError } from '../../binding';
import type { CompiledInterface, Interfaces } from './compiled';

/** Ids from here on are the server's to give, those below the client's. */
const FIRST_OF_SERVER = 0xff00_0000;
/** Of a name that a peer sent, what is kept. */
const LONGEST_NAME = 64;

export type WaylandSide = 'client' | 'server';

/** The objects of one connection, from both its directions. */
export class WaylandObjects {
  readonly #interfaces: Interfaces;
  readonly #most: number;
  readonly #objects = new Map<number, CompiledInterface>();

  /** @param most how many there may be at once */
  constructor(interfaces: Interfaces, most: number) {
    this.#interfaces = interfaces;
    this.#most = most;
    this.#objects.set(1, this.#interfaceOf('wl_display'));
  }

  get(id: number): CompiledInterface | undefined {
    return this.#objects.get(id);
  }

  /**
   * An object was made. What its interface is may be unknown: it is an error when something is sent to it.
   * @throws ERR_FRAME_INVALID for an id that the side may not give
   */
  add(by: WaylandSide, id: number, name: string): void {
    this.require(by, id);
    this.#objects.set(id, this.#interfaceOf(name));
  }

  /**
   * The server may give an id of its own again when the client has destroyed the object, which it does not tell; the client
   * waits for `wl_display.delete_id`.
   * @throws ERR_FRAME_INVALID
   */
  require(by: WaylandSide, id: number): void {
    if (id === 0 || id >= FIRST_OF_SERVER !== (by === 'server'))
      throw invalid(`makes object ${id}, which is no id that a ${by} may give`);
    const exists = this.#objects.has(id);
    if (exists && by === 'client') throw invalid(`makes object ${id}, which there is already`);
    if (!exists && this.#objects.size >= this.#most)
      throw invalid(`makes one object more than the ${this.#most} that there may be (raise maxObjects)`);
  }

  /** `wl_display.delete_id` */
  delete(id: number): void {
    this.#objects.delete(id);
  }

  #interfaceOf(name: string): CompiledInterface {
    return this.#interfaces.get(name) ?? { name: name.slice(0, LONGEST_NAME), requests: [], events: [] };
  }
}

/** What a message does that it may not. Whoever knows which it is says that. */
export function invalid(what: string): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', what);
}
