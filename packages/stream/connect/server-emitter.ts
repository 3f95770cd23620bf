import { EventEmitter } from 'node:events';
import type { DropArgument } from 'node:net';
import type { FdSocket } from '../socket/fd-socket';

/** What an FdServer emits. */
export interface FdServerEvents {
  connection: [socket: FdSocket];
  error: [error: Error];
  close: [];
  drop: [connection: DropArgument];
}

type ServerListener<E extends keyof FdServerEvents> = (...args: FdServerEvents[E]) => void;
type AnyListener = Parameters<EventEmitter['on']>[1];
/** Those of every emitter, `errorMonitor` and symbols of the user's own. */
type OtherEvent = 'newListener' | 'removeListener' | symbol;

/** An EventEmitter of Node that knows its events, and tells when listeners for connections come or go. */
export abstract class ServerEmitter extends EventEmitter {
  protected abstract connectionListenersChanged(): void;

  override on<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override on(event: OtherEvent, listener: AnyListener): this;
  override on(event: string | symbol, listener: AnyListener): this {
    super.on(event, listener);
    return this.#changed(event);
  }

  override addListener<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override addListener(event: OtherEvent, listener: AnyListener): this;
  override addListener(event: string | symbol, listener: AnyListener): this {
    super.addListener(event, listener);
    return this.#changed(event);
  }

  override prependListener<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override prependListener(event: OtherEvent, listener: AnyListener): this;
  override prependListener(event: string | symbol, listener: AnyListener): this {
    super.prependListener(event, listener);
    return this.#changed(event);
  }

  // These two add and remove their listener by the methods here.
  override once<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override once(event: OtherEvent, listener: AnyListener): this;
  override once(event: string | symbol, listener: AnyListener): this {
    return super.once(event, listener);
  }

  override prependOnceListener<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override prependOnceListener(event: OtherEvent, listener: AnyListener): this;
  override prependOnceListener(event: string | symbol, listener: AnyListener): this {
    return super.prependOnceListener(event, listener);
  }

  override removeListener<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override removeListener(event: OtherEvent, listener: AnyListener): this;
  override removeListener(event: string | symbol, listener: AnyListener): this {
    super.removeListener(event, listener);
    return this.#changed(event);
  }

  override off<E extends keyof FdServerEvents>(event: E, listener: ServerListener<E>): this;
  override off(event: OtherEvent, listener: AnyListener): this;
  override off(event: string | symbol, listener: AnyListener): this {
    super.off(event, listener);
    return this.#changed(event);
  }

  override removeAllListeners(event?: string | symbol): this {
    // Node itself looks at how many there are.
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    return this.#changed(event ?? 'connection');
  }

  #changed(event: string | symbol): this {
    if (event === 'connection') this.connectionListenersChanged();
    return this;
  }
}
