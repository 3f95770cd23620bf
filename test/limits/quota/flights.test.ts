import { FdQuota } from '../../../packages/ancillary';
import type { ConnectionQuota } from '../../../packages/stream';
import { InFlight } from '../../../packages/stream/limits/in-flight';
import type { SocketHandle } from '../../../packages/binding';
import { until } from '../../hostile/until';

// What connections have in flight, of which each finds out only when asked how many the peer has received.

/** A connection whose peer receives when it is told to. */
class Connection {
  readonly inFlight: InFlight;
  readonly quota: ConnectionQuota;
  #unsent = 0;

  constructor(quota: FdQuota, uid: number) {
    const admitted = quota.admit(uid);
    if (admitted === undefined) throw new Error('there is room for all');
    this.quota = admitted;
    const handle: Pick<SocketHandle, 'unsent'> = { unsent: () => this.#unsent };
    this.inFlight = new InFlight(handle as SocketHandle, Infinity, admitted.inFlight);
  }

  /** Sends as many as may be, one after the other. */
  flood(most = Infinity): number {
    let sent = 0;
    while (sent < most && this.inFlight.maySend(1)) {
      this.send(1);
      sent++;
    }
    return sent;
  }

  send(fds: number): void {
    this.#unsent = 768;
    this.inFlight.sent(fds);
  }

  receiveAll(): void {
    this.#unsent = 0;
  }
}

test('half may be in flight to whoever does not read, and the rest is divided', () => {
  const quota = new FdQuota({ inFlightFds: 600 });
  const hostile = Array.from({ length: 50 }, (_, index) => new Connection(quota, index % 10));
  const sent = hostile.reduce((sum, connection) => sum + connection.flood(), 0);
  expect(sent).toBe(quota.usage.held.inFlightFds);
  expect(sent).toBeLessThan(600);
  const honest = new Connection(quota, 11);
  for (let round = 0; round < 100; round++) {
    expect(honest.flood(1)).toBe(1);
    honest.receiveAll();
  }
});

test('what others have had received is found out when somebody wants to send, after a moment', async () => {
  const quota = new FdQuota({ inFlightFds: 100 });
  const first = new Connection(quota, 1);
  const second = new Connection(quota, 2);
  expect(first.flood()).toBeGreaterThan(20);
  first.receiveAll();
  let sent = 0;
  await until(() => (sent += second.flood(20 - sent)) === 20);
  second.inFlight.close();
  first.inFlight.close();
  expect(quota.usage.held.inFlightFds).toBe(0);
});

test('a user who has nothing in flight may have a bundle that is more than its share, while there is room', () => {
  const quota = new FdQuota({ inFlightFds: 600 });
  const hostile = new Connection(quota, 1);
  hostile.flood();
  const other = new Connection(quota, 2);
  expect(other.inFlight.maySend(253)).toBe(true);
  other.send(253);
  expect(other.inFlight.maySend(253)).toBe(false);
});

test('where the kernel does not count, nothing is', () => {
  expect(new FdQuota({ inFlightFds: Infinity }).admit(1)?.inFlight).toBeUndefined();
});
