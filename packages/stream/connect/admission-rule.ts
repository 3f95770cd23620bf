import type { BoundAddress, ListeningBinding } from '../../binding';
import { showPeer } from '../socket/peer';
import { showAddress } from './address';
import type { AdmissionRule } from './admission';
import type { ListenOptions } from './listen-options';

const DEFAULT_TIMEOUT = 30_000;

/**
 * By what a server lets connections in; undefined: all of them. A path has a mode and directories that say who may connect. A
 * name in the abstract namespace has neither (unix(7)), so without a word of the user's it is for the server's own user: root of
 * a container that shares the network would come in by an exception for root (CVE-2020-15257).
 */
export function admissionRule(
  binding: ListeningBinding,
  address: BoundAddress | undefined,
  { authorize, authorizeTimeout: timeout = DEFAULT_TIMEOUT }: ListenOptions,
): AdmissionRule | undefined {
  if (authorize !== undefined)
    return { authorize, own: true, timeout, why: (peer) => `authorize() refused ${showPeer(peer)}` };
  if (address === undefined || !('abstract' in address)) return undefined;
  return {
    // Asked anew each time, as a server may give up being root once it listens.
    authorize: ({ uid }) => uid === binding.effectiveUser(),
    own: false,
    timeout,
    why: (peer) =>
      `${showPeer(peer)} may not connect to ${showAddress(address)}: an abstract name is for the user of its server, ` +
      `${binding.effectiveUser()}, unless listen() has the option authorize`,
  };
}
