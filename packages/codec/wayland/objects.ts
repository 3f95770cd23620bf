import { AncillaryError } from '../../binding';
import type { CompiledInterface, Interfaces } from './compiled';

/** Ids from here on are the server's to give, those below the client's. */
const FIRST_OF_SERVER = 0xff00_0000;
/** The object that every connection begins with. */
const DISPLAY = 1;
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
    this.#objects.set(DISPLAY, this.#interfaceOf('wl_display'));
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

  /** {@link require} for all objects of one message. */
  requireAll(by: WaylandSide, ids: readonly number[]): void {
    for (const [at, id] of ids.entries()) {
      this.require(by, id);
      if (ids.indexOf(id) !== at) throw invalid(`makes object ${id} twice`);
    }
    if (ids.length > 1 && this.#objects.size + ids.length > this.#most)
      throw invalid(`makes more objects than the ${this.#most} that there may be (raise maxObjects)`);
  }

  /**
   * `wl_display.delete_id`, which is for the ids that the client gives, and never the display's. One that there is not is passed
   * over, as by libwayland.
   * @throws ERR_FRAME_INVALID
   */
  delete(id: number): void {
    if (id <= DISPLAY || id >= FIRST_OF_SERVER) throw invalid(`deletes object ${id}, which is none that a client made`);
    this.#objects.delete(id);
  }

  #interfaceOf(name: string): CompiledInterface {
    return this.#interfaces.get(name) ?? { name: beginningOf(name), requests: [], events: [] };
  }
}

/** A copy, since a part of a string may keep the whole of it in memory, which is as long as a message. */
function beginningOf(name: string): string {
  return name.length <= LONGEST_NAME ? name : Buffer.from(name.slice(0, LONGEST_NAME)).toString();
}

/** What a message does that it may not. Whoever knows which it is says that. */
export function invalid(what: string): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', what);
}
