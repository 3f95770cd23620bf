import { type FdSocket, fds, type OwnedFd, socketpair } from '../../packages/ancillary';
import { openDescriptors } from '../support/descriptors';

// Anew for each test of a file that imports them.
export let left: FdSocket;
export let right: FdSocket;
/** What tests lend. Whatever was refused, it is still the lender's. */
export let memory: OwnedFd;

beforeEach(() => {
  [left, right] = socketpair();
  memory = fds.memfd('lent');
});

afterEach(() => {
  expect(openDescriptors().has(memory.fd)).toBe(true);
  memory.close();
  left.destroy();
  right.destroy();
});
