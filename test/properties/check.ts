import fc from 'fast-check';
import { propertyRuns } from '../support/properties';
import { Account } from './account';
import type { Pool } from './pool';
import type { Reading } from './reading';
import { type Layout, traffic } from './traffic';
import type { Sending, Wire } from './wire';

const sendBuffers = fc.constantFrom(0, 0, 1, 8_192, 20_000);

/** Everything sent arrives as it was sent: bytes, order, descriptors, and which frame they belong to. */
export async function everythingArrives(
  layout: Layout,
  pool: Pool,
  send: (sending: Sending) => Wire,
  read: Reading,
): Promise<void> {
  const cases = fc.record({ traffic: traffic(layout), seed: fc.integer(), sendBuffer: sendBuffers });
  await fc.assert(
    fc.asyncProperty(cases, async (each) => {
      const account = new Account(each.traffic, pool);
      const sent = { ...each, pool };
      using wire = send(sent);
      await Promise.all([wire.sending, read(wire.socket, account, sent)]);
      account.finished();
      expect(wire.socket.stats.fdsClosed).toBe(0);
    }),
    propertyRuns,
  );
}
