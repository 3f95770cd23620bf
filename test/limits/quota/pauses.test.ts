import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { FdQuota, type OwnedFd } from '../../../packages/ancillary';
import type { ConnectionQuota } from '../../../packages/stream';
import { propertyRuns } from '../../support/properties';

// Connections that are not read must be read again as soon as they may be, whoever let go of what.

/** A connection that always wants to read, and what it holds. */
class Reader {
  reading = true;
  waitsToStart = false;
  calls = 0;
  readonly held: { account: { count(amount: number): void } | undefined }[] = [];
  readonly quota: ConnectionQuota;

  constructor(quota: ConnectionQuota) {
    this.quota = quota;
    quota.onChange(() => this.look());
    quota.onRoom(() => {
      this.waitsToStart = false;
    });
    this.look();
  }

  look(): void {
    this.reading = this.quota.mayRead(1024) > 0;
  }

  receive(count: number): void {
    if (!this.reading) return;
    const fds = Array.from({ length: count }, () => ({ account: undefined }));
    if (this.quota.received(fds as unknown as OwnedFd[])) this.held.push(...fds);
    this.look();
  }

  letGo(count: number): void {
    for (const fd of this.held.splice(0, count)) fd.account?.count(-1);
  }

  start(): void {
    this.waitsToStart = !this.quota.mayStart();
    if (this.waitsToStart) return;
    this.calls++;
    this.quota.started();
  }

  answer(): void {
    if (this.calls === 0) return;
    this.calls--;
    this.quota.answered();
  }

  /** What it may do is what it does. */
  get isStuck(): boolean {
    return (!this.reading || this.waitsToStart) && this.quota.mayResume;
  }
}

async function settled(): Promise<void> {
  // Each turn sets at least one going where any may.
  for (let turn = 0; turn < 8; turn++) await nextTurn();
}

const step = fc.record({
  who: fc.nat(11),
  what: fc.constantFrom('receive', 'letGo', 'start', 'answer', 'untaken', 'unsent', 'close'),
  amount: fc.nat(300),
});

function play(reader: Reader, what: string, amount: number): void {
  switch (what) {
    case 'receive':
      reader.receive(Math.min(amount, 253));
      break;
    case 'letGo':
      reader.letGo(amount);
      break;
    case 'start':
      reader.start();
      break;
    case 'answer':
      reader.answer();
      break;
    case 'untaken':
      reader.quota.untaken = amount % 3 === 0 ? 0 : amount * 1000;
      reader.look();
      break;
    default:
      reader.quota.unsent = amount % 2 === 0 ? 0 : amount * 1000;
  }
}

test('no connection stays paused that may be read, after any step of any of them', async () => {
  const programs = fc.record({
    total: fc.integer({ min: 20, max: 3000 }),
    steps: fc.array(step, { maxLength: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(programs, async ({ total, steps }) => {
      const quota = new FdQuota({ fds: total, bytes: 1_000_000 });
      const readers: (Reader | undefined)[] = Array.from({ length: 12 }, (_, index) => {
        const admitted = quota.admit(index % 3);
        return admitted && new Reader(admitted);
      });
      for (const { who, what, amount } of steps) {
        const reader = readers[who];
        if (reader === undefined) continue;
        if (what === 'close') {
          reader.letGo(Infinity);
          while (reader.calls > 0) reader.answer();
          reader.quota.close();
          readers[who] = undefined;
        } else play(reader, what, amount);
        await settled();
        for (const each of readers) expect(each?.isStuck ?? false).toBe(false);
      }
      for (const reader of readers) {
        if (reader === undefined) continue;
        reader.letGo(Infinity);
        while (reader.calls > 0) reader.answer();
        reader.quota.untaken = 0;
        reader.quota.unsent = 0;
      }
      await settled();
      for (const reader of readers) expect(reader?.reading ?? true).toBe(true);
      for (const reader of readers) reader?.quota.close();
      expect(quota.usage.held).toEqual({ fds: 0, bytes: 0, connections: 0, inFlightFds: 0 });
      expect(quota.usage.users).toEqual([]);
    }),
    propertyRuns,
  );
});

test('many that were stopped are set going a few in each turn, all of them', async () => {
  const quota = new FdQuota({ fds: 1000, connections: 1000 });
  const busy = quota.admit(1);
  if (busy === undefined) throw new Error('it is the first');
  const holder = new Reader(busy);
  const readers: Reader[] = [];
  while (readers.length < 100) {
    const admitted = quota.admit(1);
    if (admitted === undefined) throw new Error('more than half of all is free');
    readers.push(new Reader(admitted));
  }
  // What they had leave for is taken back.
  for (let calls = 0; calls < 220; calls++) holder.quota.started();
  for (const reader of readers) reader.look();
  expect(readers.filter(({ reading }) => reading)).toHaveLength(0);
  for (let calls = 0; calls < 220; calls++) holder.quota.answered();
  await nextTurn();
  const first = readers.filter(({ reading }) => reading).length;
  expect(first).toBeGreaterThan(0);
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  expect(readers.filter(({ reading }) => reading)).toHaveLength(100);
  for (const reader of [holder, ...readers]) reader.quota.close();
});
