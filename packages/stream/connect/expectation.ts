import {
  AncillaryError,
  type BoundAddress,
  describeValue,
  invalidType,
  invalidValue,
  outOfRange,
  requireNames,
} from '../../binding';
import { type Peer, showPeer } from '../socket/peer';
import { netAddress, showAddress } from './address';

/** Who listens where you connect to: the effective user and group, and the process, that called listen(2). */
export interface ExpectedPeer {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly pid?: number | undefined;
}

/** The same, or a function that returns true, or a promise of it, for who is right. */
export type Expectation = ExpectedPeer | ((peer: Peer) => boolean | Promise<boolean>);

const IDS = { uid: true, gid: true, pid: true } as const;
/** The last number stands for no id (chown(2)). */
const LARGEST_ID = 2 ** 32 - 2;

/** @throws TypeError and RangeError */
export function requireExpectation(expect: Expectation | undefined): void {
  const given: unknown = expect;
  if (given === undefined || typeof given === 'function') return;
  if (typeof given !== 'object' || given === null)
    throw invalidType(`expect is { uid, gid, pid } or a function of the peer, not ${describeValue(given)}`);
  requireNames('expect has no', given, IDS);
  const expected = idsOf(given);
  // Nothing would be checked, and the caller trusts that it is.
  if (expected.length === 0) throw invalidValue('expect has one of uid, gid and pid at least, and all are undefined');
  for (const [name, id] of expected) {
    if (typeof id !== 'number') throw invalidType(`expect.${name} is a number, not ${describeValue(id)}`);
    if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID)
      throw outOfRange(`expect.${name} is an integer from 0 to 2^32 - 2, not ${id}`);
  }
}

/** Whether it is who was expected: true, or what a function of the user's answers. */
export function meets(expect: Expectation, peer: Peer): boolean | Promise<boolean> {
  if (typeof expect === 'function') return expect(peer);
  return idsOf(expect).every(([name, id]) => peer[name] === id);
}

/** ERR_UNAUTHORIZED, with the address as errors of connect(2) have it. */
export function notExpected(
  expect: Expectation,
  peer: Peer,
  address: BoundAddress,
  cause: Error | undefined,
): AncillaryError {
  const message =
    `${showAddress(address)} is served by ${showPeer(peer)} of group ${peer.gid}, ${why(expect, cause)}; ` +
    `the connection is closed, and nothing was sent or read`;
  const error = new AncillaryError('ERR_UNAUTHORIZED', message, cause && { cause });
  return Object.assign(error, address, { address: netAddress(address) });
}

function why(expect: Expectation, cause: Error | undefined): string {
  if (cause !== undefined) return `and expect() failed: ${cause.message}`;
  if (typeof expect === 'function') return 'whom expect() refused';
  const expected = idsOf(expect).map(([name, id]) => `${name} ${String(id)}`);
  return `and not by ${expected.join(', ')} as expected`;
}

function idsOf(expected: ExpectedPeer): ['uid' | 'gid' | 'pid', unknown][] {
  const names = ['uid', 'gid', 'pid'] as const;
  return names
    .map((name): ['uid' | 'gid' | 'pid', unknown] => [name, expected[name]])
    .filter(([, id]) => id !== undefined);
}
