import type { IncomingMessage } from 'node:http';
import { describeValue, invalidType, type OwnedFd } from '../../binding';
import { fdsOf } from './connection-fds';

/** What http has beside what it documents. */
interface Answer {
  readonly socket: object | null;
  readonly req?: { readonly socket?: object | null };
}

/**
 * The descriptors that came so far with a request, on a server of `serveHttp()`, or with an answer, on an FdAgent. The caller
 * closes them. Those that come with the body are there once that part of it was received: call it again.
 *
 * Those of a request that nobody took are closed when its answer is over, those of an answer when it was read to its end or
 * destroyed: soon after its event 'close', so that they can be taken when an `await` of its end goes on. All others are closed with
 * the connection. Each time the connection emits 'discarded'.
 * @returns an empty array where there are none, and for a connection that carries none
 * @throws TypeError for what is no IncomingMessage
 */
export function takeFds(message: IncomingMessage): OwnedFd[] {
  const { socket, req } = Object(message) as Partial<Answer>;
  if (socket === undefined) throw invalidType(`message is an IncomingMessage, not ${describeValue(message)}`);
  // An answer that has ended leaves its connection to the agent.
  const connection = socket ?? req?.socket;
  return connection ? (fdsOf(connection)?.take(message) ?? []) : [];
}
