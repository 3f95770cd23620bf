import { EventEmitter } from 'node:events';
import type { DropArgument } from 'node:net';
import type { AncillaryError, PeerCredentials } from '../../binding';
import type { ArgumentsOf, EmitterEvents, EventName, ListenerFor } from '../event-types';
import type { FdSocket } from '../socket/fd-socket';

/** What an FdServer emits. */
export interface FdServerEvents extends EmitterEvents {
  connection: [socket: FdSocket];
  close: [];
  drop: [connection: DropArgument];
  /** A connection was closed for whose it is, or for what its user has already: `error` has the reason. */
  refused: [error: AncillaryError, peer: PeerCredentials];
}

type Event = EventName<FdServerEvents>;
type Listener<N extends Event> = ListenerFor<FdServerEvents, N>;

/** An EventEmitter that knows every event. */
interface EmitterOfEvents extends EventEmitter {
  on<N extends Event>(event: N, listener: Listener<N>): this;
  once<N extends Event>(event: N, listener: Listener<N>): this;
  addListener<N extends Event>(event: N, listener: Listener<N>): this;
  prependListener<N extends Event>(event: N, listener: Listener<N>): this;
  prependOnceListener<N extends Event>(event: N, listener: Listener<N>): this;
  off<N extends Event>(event: N, listener: Listener<N>): this;
  removeListener<N extends Event>(event: N, listener: Listener<N>): this;
  removeAllListeners(event?: Event): this;
  listenerCount<N extends Event>(event: N, listener?: Listener<N>): number;
  emit<N extends Event>(event: N, ...args: ArgumentsOf<FdServerEvents, N>): boolean;
}

/** EventEmitter itself, for the compiler with the events typed. */
const EventedEmitter = EventEmitter as unknown as new (options?: { captureRejections?: boolean }) => EmitterOfEvents;

/** An EventEmitter of Node that knows its events, and tells when listeners for connections come or go. */
export abstract class ServerEmitter extends EventedEmitter {
  protected abstract connectionListenersChanged(): void;

  // once() and prependOnceListener() add and remove their listener by the methods here.
  override on<N extends Event>(event: N, listener: Listener<N>): this {
    super.on(event, listener);
    return this.#changed(event);
  }

  override addListener<N extends Event>(event: N, listener: Listener<N>): this {
    super.addListener(event, listener);
    return this.#changed(event);
  }

  override prependListener<N extends Event>(event: N, listener: Listener<N>): this {
    super.prependListener(event, listener);
    return this.#changed(event);
  }

  override removeListener<N extends Event>(event: N, listener: Listener<N>): this {
    super.removeListener(event, listener);
    return this.#changed(event);
  }

  override off<N extends Event>(event: N, listener: Listener<N>): this {
    super.off(event, listener);
    return this.#changed(event);
  }

  override removeAllListeners(event?: Event): this {
    // Node itself looks at how many there are.
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    return this.#changed(event ?? 'connection');
  }

  #changed(event: Event): this {
    if (event === 'connection') this.connectionListenersChanged();
    return this;
  }
}
