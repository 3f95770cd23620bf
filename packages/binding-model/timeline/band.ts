import type { ReceiveEvent, SendEvent, Stretch, TraceEvent } from '../kernel/trace';

/** An event, and its place in the order of all. */
export type Numbered<Event extends TraceEvent> = Event & { readonly number: number };

/** What happened on one stream. */
export interface Band {
  readonly stream: string;
  readonly sends: readonly Numbered<SendEvent>[];
  readonly receives: readonly Numbered<ReceiveEvent>[];
}

/** One band for each stream, in the order in which they were first used. */
export function bandsOf(events: readonly Numbered<TraceEvent>[]): Band[] {
  const streams = new Map<string, Numbered<TraceEvent>[]>();
  for (const event of events) {
    const known = streams.get(event.stream);
    if (known === undefined) streams.set(event.stream, [event]);
    else known.push(event);
  }
  return [...streams].map(([stream, own]) => ({
    stream,
    sends: own.filter((event) => event.what === 'sendmsg'),
    receives: own.filter((event) => event.what === 'recvmsg'),
  }));
}

/** Which byte its descriptors are pinned to; undefined where there is none. */
export function anchorOf(event: TraceEvent): number | undefined {
  if (event.start === event.end) return undefined;
  return event.what === 'recvmsg' && event.anchor === 'last-byte' ? event.end - 1 : event.start;
}

/** Bytes that no read returned, though one returned bytes behind them (docs/kernel.md 26). */
export function passedOver({ sends, receives }: Band): Stretch[] {
  const furthest = receives.reduce((most, { end, outOfBand }) => (outOfBand ? most : Math.max(most, end)), 0);
  const windows = [...receives].sort((a, b) => a.start - b.start);
  const gaps: Stretch[] = [];
  let end = Math.min(sends[0]?.start ?? Infinity, windows[0]?.start ?? Infinity);
  for (const window of windows) {
    if (window.start > end) gaps.push({ start: end, end: Math.min(window.start, furthest) });
    end = Math.max(end, window.end);
  }
  return gaps.filter((gap) => gap.start < gap.end);
}

/** Sends whose descriptors went with a byte that was passed over, or that was received without them. */
export function passedOverSends(band: Band): Numbered<SendEvent>[] {
  const without = [...passedOver(band), ...band.receives.filter(({ outOfBand }) => outOfBand)];
  return band.sends.filter(
    ({ start, end, fds }) => fds.length > 0 && start < end && without.some((each) => contains(each, start)),
  );
}

/**
 * Where a read stopped because of descriptors, though it had room and there were more bytes: after descriptors that it
 * took, or before those of others (docs/kernel.md 2, 24).
 */
export function barriers({ sends, receives }: Band): number[] {
  return receives
    .filter((read) => {
      if (read.outOfBand || read.end - read.start >= read.size) return false;
      const next = sends.find((send) => contains(send, read.end));
      if (next === undefined || next.number > read.number) return false;
      if (read.anchor === 'last-byte') return read.fds.length + read.lost.length > 0;
      return next.start === read.end && next.fds.length > 0;
    })
    .map(({ end }) => end);
}

export function contains({ start, end }: Stretch, offset: number): boolean {
  return start <= offset && offset < end;
}
