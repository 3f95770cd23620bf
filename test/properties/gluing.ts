import type { Traffic } from './traffic';
import { randomNumbers } from './traffic';

/** One sendmsg: a stretch of the stream and the descriptors that ride on its first byte. */
export interface Message {
  readonly start: number;
  readonly end: number;
  readonly fds: readonly number[];
}

/**
 * What a sender keeps to, and so what each way of reading asks of it:
 * - `'own bytes'`: a sendmsg with descriptors holds bytes of the frame that owns them and of no other;
 * - `'first byte'`: it begins in the frame that owns them, and may run on into others;
 * - `'early'`: descriptors come in order, in a sendmsg that begins before their frame ends.
 */
export type SenderRule = 'own bytes' | 'first byte' | 'early';

interface Group {
  start: number;
  /** Where the sendmsg must end at the latest. */
  limit: number;
  readonly fds: readonly number[];
}

const MOST_IN_ONE = 253;

/** Cuts a stream into messages: as wildly as the rule allows, and the same for the same seed. */
export function glue({ frames, stream }: Traffic, rule: SenderRule, seed: number): Message[] {
  const random = randomNumbers(seed);
  const groups: Group[] = [];
  for (const { fds, range } of frames) {
    const parts = partsOf(fds, range.end - range.start, random);
    const starts = distinct(parts.length, range.start, range.end - 1, random);
    for (const [index, part] of parts.entries()) {
      groups.push({ start: starts[index] ?? -1, limit: rule === 'own bytes' ? range.end : stream.length, fds: part });
    }
  }
  if (rule === 'early') rideAhead(groups, random);

  const messages: Message[] = [];
  let at = 0;
  for (const [index, { start, limit, fds }] of groups.entries()) {
    messages.push(...plain(at, start, random));
    const latest = Math.min(limit, groups[index + 1]?.start ?? limit);
    // Often as far as it may reach, often one byte, otherwise anything between.
    const end = [latest, start + 1, random(start + 1, latest)][random(0, 2)] ?? latest;
    messages.push({ start, end, fds });
    at = end;
  }
  messages.push(...plain(at, stream.length, random));
  return messages;
}

type Random = ReturnType<typeof randomNumbers>;

/** Splits descriptors into groups of at most 253: often as few as possible, sometimes more. */
function partsOf(fds: readonly number[], bytes: number, random: Random): (readonly number[])[] {
  const least = Math.ceil(fds.length / MOST_IN_ONE);
  const wanted = least + (random(0, 2) === 0 ? random(0, 3) : 0);
  const size = Math.ceil(fds.length / Math.min(Math.max(wanted, 1), bytes));
  const parts: (readonly number[])[] = [];
  for (let at = 0; at < fds.length; at += size) parts.push(fds.slice(at, at + size));
  return parts;
}

/** So many different numbers of a range, in rising order; often the first ones, so that frames begin with descriptors. */
function distinct(count: number, least: number, most: number, random: Random): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < count; index++) {
    const from = (numbers[index - 1] ?? least - 1) + 1;
    const to = most - (count - 1 - index);
    numbers.push(random(0, 1) === 0 ? from : random(from, to));
  }
  return numbers;
}

/** Moves groups towards the front of the stream, in order, each to a byte of its own. */
function rideAhead(groups: readonly Group[], random: Random): void {
  let before = Infinity;
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groups[index];
    if (group === undefined) continue;
    const latest = Math.min(group.start, before - 1);
    const furthest = [0, 10, 3_000][random(0, 2)] ?? 0;
    const earliest = Math.max(index, latest - furthest);
    group.start = random(Math.min(earliest, latest), latest);
    before = group.start;
  }
}

function plain(start: number, end: number, random: Random): Message[] {
  const messages: Message[] = [];
  let at = start;
  for (let pieces = random(0, 3); pieces > 0 && at < end; pieces--) {
    const next = random(at + 1, end);
    messages.push({ start: at, end: next, fds: [] });
    at = next;
  }
  if (at < end) messages.push({ start: at, end, fds: [] });
  return messages;
}
