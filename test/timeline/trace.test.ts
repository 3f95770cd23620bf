import fc from 'fast-check';
import { MSG_OOB, MSG_PEEK, type TraceEvent } from '../../packages/ancillary/testing';
import { Pair, timelines } from './programs';

// That what the model tells of its streams is so.

const sample = fc.sample(timelines, { numRuns: 300, seed: 3 });

function streamsOf(events: readonly TraceEvent[]): TraceEvent[][] {
  const streams = [...new Set(events.map(({ stream }) => stream))];
  return streams.map((stream) => events.filter((event) => event.stream === stream));
}

test('Sends follow one another on the stream, and their segments cover them', () => {
  for (const events of sample.flatMap(streamsOf)) {
    let end = 0;
    for (const event of events) {
      if (event.what !== 'sendmsg') continue;
      expect(event.start).toBe(end);
      expect(event.bytes).toHaveLength(event.end - event.start);
      for (const segment of event.segments) {
        expect(segment.start).toBe(end);
        expect(segment.end).toBeGreaterThan(end);
        end = segment.end;
      }
      expect(event.end).toBe(end);
    }
  }
});

test('No byte is returned twice, and none that was not sent; no more than there is room for', () => {
  for (const events of sample.flatMap(streamsOf)) {
    let sent = 0;
    const returned = new Set<number>();
    const marks = new Set(events.filter(isOutOfBandReceive).map(({ start }) => start));
    for (const event of events) {
      if (event.what === 'sendmsg') {
        sent = event.end;
        continue;
      }
      expect(event.end).toBeLessThanOrEqual(sent);
      const offsets = Array.from({ length: event.end - event.start }, (_, index) => event.start + index);
      // What was received out of band before is no part of what is read around it.
      const own = offsets.filter((offset) => event.outOfBand || !marks.has(offset));
      expect(own.filter((offset) => returned.has(offset))).toEqual([]);
      for (const offset of own) returned.add(offset);
      expect(own.length).toBeLessThanOrEqual(event.outOfBand ? 1 : event.size);
    }
  }
});

function isOutOfBandReceive({ what, outOfBand }: TraceEvent): boolean {
  return what === 'recvmsg' && outOfBand;
}

test('Each descriptor is delivered or lost once at most, after it was sent', () => {
  let delivered = 0;
  for (const events of sample.flatMap(streamsOf)) {
    const sent = new Set<string>();
    for (const event of events) {
      if (event.what === 'sendmsg') {
        for (const name of event.fds) sent.add(name);
        continue;
      }
      for (const name of [...event.fds, ...event.lost]) expect(sent.delete(name)).toBe(true);
      if (event.lost.length > 0) expect(event.truncated).toBe(true);
      delivered += event.fds.length;
    }
  }
  expect(delivered).toBeGreaterThan(100);
});

test('A send keeps the bytes as they were, whatever the caller does with the buffer', () => {
  const buffer = Buffer.from('before');
  const pair = new Pair().send(buffer);
  buffer.fill('x');
  const [send] = pair.events;
  expect(send?.what === 'sendmsg' && Buffer.from(send.bytes).toString()).toBe('before');
});

test('A byte received out of band is where it was sent, and moves nothing else', () => {
  const pair = new Pair().send('AAX', [], MSG_OOB).send('BB').receive(1, 0, MSG_OOB).receive().receive();
  const reads = pair.events.filter(({ what }) => what === 'recvmsg');
  expect(reads.map(({ start, end }) => [start, end])).toEqual([
    [2, 3],
    [0, 2],
    [3, 5],
  ]);
});

test('A peek is no event', () => {
  const pair = new Pair().send('A').receive(1, 0, MSG_PEEK);
  expect(pair.events.map(({ what }) => what)).toEqual(['sendmsg']);
});
