import type { EventEmitter } from 'node:events';

/** A listener for what is not known here. */
export type AnyListener = Parameters<EventEmitter['on']>[1];

/** What every emitter emits. */
export interface EmitterEvents {
  error: [error: Error];
  newListener: [event: string | symbol, listener: AnyListener];
  removeListener: [event: string | symbol, listener: AnyListener];
  [EventEmitter.errorMonitor]: [error: Error];
}

/** The names of events; a symbol may be one of the user's own. */
export type EventName<Events> = keyof Events | symbol;

/** A listener for what comes with nothing: the `resolve` of a Promise is one, too. */
type BareListener = ((...args: unknown[]) => void) | ((nothing: void | PromiseLike<void>) => void);

/** A listener for an event. */
export type ListenerFor<Events, N extends EventName<Events>> = N extends keyof Events
  ? Events[N] extends readonly []
    ? BareListener
    : (...args: Extract<Events[N], readonly unknown[]>) => void
  : AnyListener;

/** What an event is emitted with. */
export type ArgumentsOf<Events, N extends EventName<Events>> = N extends keyof Events
  ? Extract<Events[N], readonly unknown[]>
  : Parameters<AnyListener>;
