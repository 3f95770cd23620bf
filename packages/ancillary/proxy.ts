import { proxy as proxyWith, type Proxying, type ProxyOptions } from '../proxy';
import type { Address, FdServer } from '../stream';
import { connect } from './index';

/**
 * Forwards each connection of a listener to one of its own to the server at an address, as {@link forward} does. The listener is
 * taken over. A connection that fails ends alone, and `ended` tells.
 *
 * Rejects with what the listener fails with, or with an AbortError, once no connection is left.
 * @throws TypeError for arguments
 */
export function proxy<In = unknown>(listener: FdServer, address: Address, options?: ProxyOptions<In>): Proxying {
  return proxyWith(connect, listener, address, options);
}

export {
  type ChangedFrame,
  forward,
  type Forwarded,
  type ForwardedTotals,
  ForwardError,
  type Forwarding,
  type ForwardOptions,
  type Passing,
  type Proxying,
  type ProxyOptions,
  type Side,
  type Totals,
  type Verdict,
} from '../proxy';
