import type { FdSocket } from '../stream';
import { errorFrom, errorToSend } from './frameworks/error-values';
import { isOfEveryObject } from './frameworks/inherited-names';
import type { Kind, Message } from './frameworks/receiver';
import { ValueChannel } from './frameworks/value-channel';
import { closeGiven } from './values/given';
import { jsonValues, type JsonValuesOptions } from './values/json-values';

/** A channel for `createBirpc(functions, channel)`, or to spread into its options. */
export interface FdChannel {
  /** Rejects as `FdSocket.send()` would, or with why the message cannot be sent. */
  post(message: unknown): Promise<void>;
  on(receive: (message: unknown) => unknown): void;
  off(receive: (message: unknown) => unknown): void;
  /** Learns which calls are given up, so that late answers are closed. An `onRequest` of your own has to call it. */
  onRequest(request: { readonly i?: string }, next: () => Promise<unknown>): Promise<void>;
}

/**
 * A channel of birpc over a socket, in whose messages values may hold an `OwnedFd`, or `give(fd)`, anywhere. Messages are
 * those of `jsonValues()`; errors travel with name, message and code.
 *
 * The descriptors of a call are closed when the function that was called is done, unless `take()` was called; those of a result
 * are the caller's. When the connection ends, calls that wait are rejected.
 *
 * @param socket is taken over
 * @throws TypeError and RangeError for arguments; ERR_FD_MODE while the socket is read in another way, which goes on
 */
export function fdChannel(socket: FdSocket, options?: JsonValuesOptions): FdChannel {
  const receivers = new Set<(message: unknown) => unknown>();
  const deliver = (message: unknown): unknown[] => [...receivers].map((receiver) => receiver(message));
  const channel = new ValueChannel(socket, jsonValues(options), {
    name: 'fdChannel()',
    kindOf,
    nameOf: ({ m: method }) => method,
    // birpc finds a function wherever its object inherits it. What toLocaleString() does would call the peer.
    declines: ({ m: method }) => (isOfEveryObject(method) ? notFound(method) : undefined),
    receive(message, kind) {
      if (kind !== undefined && 'answer' in kind) {
        // Whoever waits for it has it now.
        if (deliver({ ...message, e: errorFrom(message['e']) }).length > 0) channel.claim(message);
        else channel.release(message);
        return;
      }
      // Without an id birpc would drop what the function returns, and what it gives away with it.
      const delivered = kind === undefined ? { ...message, i: NOBODY } : message;
      // birpc returns a promise, which settles when the function is done and its answer is on its way, if it sends one.
      void Promise.allSettled(deliver(delivered)).then(() => channel.finish(message));
    },
    failure: (id, error) => ({ t: ANSWER, i: id, e: errorToSend(error) }),
    lost: (id, error) => void deliver({ t: ANSWER, i: id, e: error }),
  });
  channel.listen();

  return {
    post(message) {
      const { e: error, ...rest } = message as Message;
      if (rest['i'] === NOBODY) {
        closeGiven(message);
        return Promise.resolve();
      }
      return channel.send(error === undefined ? rest : { ...rest, e: errorToSend(error) });
    },
    on: (receiver) => void receivers.add(receiver),
    off: (receiver) => void receivers.delete(receiver),
    async onRequest({ i: id }, next) {
      try {
        await next();
      } finally {
        channel.abandon(id);
      }
    },
  };
}

/** As birpc says it. */
function notFound(method: unknown): Error {
  return new Error(`[birpc] function "${String(method)}" not found`);
}

/** The id of calls that nobody waits for, which no peer can send. */
const NOBODY = Symbol('nobody');

const CALL = 'q';
const ANSWER = 's';

function kindOf({ t: type, i: id, e: error, r: result }: Message): Kind {
  if (type !== CALL) return { answer: id, gets: error === undefined ? result : errorFrom(error) };
  // As birpc asks whether it is to answer.
  const isAnswered = Boolean(id);
  return isAnswered ? { call: id } : undefined;
}
