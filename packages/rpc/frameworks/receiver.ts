import type { QueueBehind } from '../intake';

/**
 * What a message is in a framework's protocol: a call, with its id, or an answer to one, with what whoever waits for it gets;
 * undefined for one that nobody answers.
 */
export type Kind = { readonly call: unknown } | { readonly answer: unknown; readonly gets: unknown } | undefined;

export type Message = Readonly<Record<string, unknown>>;

/** What a framework has its messages dealt with by. */
export interface Receiver {
  /** Of the function that made it. */
  readonly name: string;
  readonly kindOf: (message: Message) => Kind;
  /**
   * A message came, whose descriptors are closed by `release()` of the channel, or with the answer to it, unless
   * `claim()` is called. What it throws breaks the connection.
   */
  readonly receive: (message: Message, kind: Kind) => void;
  /** What a call calls, for whoever reads that it cannot be sent. */
  readonly nameOf?: (call: Message) => unknown;
  /** Why a message must not reach the framework, if it must not. */
  readonly refuses?: (message: Message) => string | undefined;
  /** Why what the peer has us do is not done; a call is answered with what {@link Receiver.failure} makes of it. */
  readonly declines?: (message: Message) => Error | undefined;
  /** Whether a message is about others, and must not wait for its turn. */
  readonly isUrgent?: (message: Message) => boolean;
  /** The call, if it is one of the peer's, that nobody waits for any more, as the message says. */
  readonly cancels?: (message: Message) => unknown;
  /** Where the framework has messages wait again. */
  readonly queue?: QueueBehind;
  /** Messages depend on each other, so none can be refused: where they hold too much, reading has to pause. */
  readonly inOrder?: { readonly ownCallsWait: () => boolean };
  /** The answer to send where one could not be sent, for what is in it. */
  readonly failure: (id: unknown, error: Error) => Message;
  /** To a call of ours that was sent no answer can come any more. */
  readonly lost?: (id: unknown, error: Error) => void;
  /** A call of ours could not be sent, which `send()` also rejects with. */
  readonly unsent?: (id: unknown, error: Error) => void;
  /** The stream has ended, or the connection broke; calls of the peer may still be answered where it has only ended. */
  readonly ended?: (error: Error | undefined) => void;
  /** The socket is closed, and so are descriptors that messages hold, once what this returns is settled. */
  readonly closed?: () => Promise<void> | void;
  /** Nobody waits for the answer to this call of the peer's any more: the connection is closed. */
  readonly lostInterest?: (id: unknown) => void;
}
