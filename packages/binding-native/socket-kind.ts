import { AncillaryError } from '../binding';
import { addon } from './addon';
import { nativeDescriptors } from './native-descriptor-table';
import { failure } from './native-failure';

/**
 * Makes sure that a descriptor is a Unix stream socket in the wanted state.
 * @throws ERR_FD_KIND, saying what it is instead; EBADF
 */
export function requireUnixStream(fd: number, state: 'connected' | 'listening'): void {
  const { constants } = addon;
  const domain = socketOption(fd, constants.SO_DOMAIN, state);
  const type = socketOption(fd, constants.SO_TYPE, state);
  const actual = stateOf(fd, state);
  if (domain === constants.AF_UNIX && type === constants.SOCK_STREAM && actual === state) return;
  const article = actual === 'unconnected' ? 'an' : 'a';
  throw wrongKind(fd, `${article} ${actual} ${familyName(domain)} ${typeName(type)} socket`, state);
}

function familyName(domain: number): string {
  const { AF_UNIX, AF_INET, AF_INET6 } = addon.constants;
  const names: Readonly<Record<number, string>> = { [AF_UNIX]: 'Unix', [AF_INET]: 'IPv4', [AF_INET6]: 'IPv6' };
  return names[domain] ?? `family-${domain}`;
}

function typeName(type: number): string {
  const { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET } = addon.constants;
  const names: Readonly<Record<number, string>> = {
    [SOCK_STREAM]: 'stream',
    [SOCK_DGRAM]: 'datagram',
    [SOCK_SEQPACKET]: 'seqpacket',
  };
  return names[type] ?? `type-${type}`;
}

function stateOf(fd: number, wanted: 'connected' | 'listening'): string {
  if (socketOption(fd, addon.constants.SO_ACCEPTCONN, wanted) === 1) return 'listening';
  // ENOTCONN also for other families; whatever else it answers, there is a peer to speak of.
  const peer = addon.peerAddress(fd);
  return typeof peer === 'number' && failure(peer, 'getpeername').code === 'ENOTCONN' ? 'unconnected' : 'connected';
}

function socketOption(fd: number, option: number, wanted: string): number {
  const value = addon.getSocketOption(fd, option);
  if (value >= 0) return value;
  const error = failure(value, 'getsockopt', `descriptor ${fd}`);
  throw error.code === 'ENOTSOCK' ? wrongKind(fd, nativeDescriptors.describe(fd), wanted) : error;
}

function wrongKind(fd: number, what: string, wanted: string): AncillaryError {
  return new AncillaryError(
    'ERR_FD_KIND',
    `descriptor ${fd} is ${what}, not a ${wanted} Unix stream socket; it is still open and yours`,
  );
}
