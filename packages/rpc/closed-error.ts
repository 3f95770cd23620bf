import { AncillaryError } from '../binding';

const PEER_ENDED = 'the peer has ended the connection, so connect again';

/** Why a connection is over. */
const reasons = new WeakMap<Error, string>();

/** ERR_FD_CLOSED: why no answer can come any more. @param why default that the peer has ended the connection */
export function closedError(why = PEER_ENDED): AncillaryError {
  const error = new AncillaryError('ERR_FD_CLOSED', `no answer can come: ${why}`);
  reasons.set(error, why);
  return error;
}

/** What {@link closedError} made, of what is not sent at all. */
export function unsentError(what: 'call' | 'notification', over: Error): Error {
  const why = reasons.get(over);
  return why === undefined ? over : new AncillaryError('ERR_FD_CLOSED', `the ${what} was not sent: ${why}`);
}
