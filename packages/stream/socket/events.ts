import { Duplex, type DuplexOptions, type Readable } from 'node:stream';
import type { ArgumentsOf, EmitterEvents, EventName, ListenerFor } from '../event-types';
import type { FdFrame } from '../frame';
import type { Discarded } from '../receive/discard';

/** What an FdSocket emits, and what its listeners get. */
export interface FdSocketEvents extends EmitterEvents {
  /** Descriptors came, while the socket is read as bytes: just before the bytes of the frame's range. */
  fds: [frame: FdFrame];
  /** Descriptors were closed that reached nobody. */
  discarded: [discarded: Discarded];
  connect: [];
  ready: [];
  timeout: [];
  /** Whether an error ended it, as in net. */
  close: [hadError: boolean];
  /** What `read()` returns: a Buffer, or a string after `setEncoding()`. */
  data: [chunk: ReturnType<Duplex['read']>];
  drain: [];
  end: [];
  finish: [];
  pause: [];
  pipe: [source: Readable];
  readable: [];
  resume: [];
  unpipe: [source: Readable];
}

export type FdSocketEvent = EventName<FdSocketEvents>;
export type FdSocketListener<N extends FdSocketEvent> = ListenerFor<FdSocketEvents, N>;

/** The `resolve` of a Promise that waits for `'close'` and takes nothing from it. */
export type CloseWaiter = (nothing: void | PromiseLike<void>) => void;

/** A Duplex that knows every event, where Duplex takes any name with any listener. */
interface DuplexOfEvents extends Duplex {
  on<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  on(event: 'close', listener: CloseWaiter): this;
  once<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  once(event: 'close', listener: CloseWaiter): this;
  addListener<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  prependListener<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  prependOnceListener<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  off<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  removeListener<N extends FdSocketEvent>(event: N, listener: FdSocketListener<N>): this;
  removeAllListeners(event?: FdSocketEvent): this;
  listenerCount<N extends FdSocketEvent>(event: N, listener?: FdSocketListener<N>): number;
  emit<N extends FdSocketEvent>(event: N, ...args: ArgumentsOf<FdSocketEvents, N>): boolean;
}

/** Duplex itself, for the compiler with the events typed. */
export const EventedDuplex = Duplex as unknown as new (options?: DuplexOptions) => DuplexOfEvents;
