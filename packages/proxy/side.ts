/** One of the two connections of a {@link forward}: its first argument, or its second. In a proxy the client, or the server. */
export type Side = 'from' | 'to';

/** The one at the other end. */
export function otherSide(side: Side): Side {
  return side === 'from' ? 'to' : 'from';
}
