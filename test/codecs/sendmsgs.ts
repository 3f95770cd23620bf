import { glue, type Message, type SenderRule as GluingRule } from '../properties/gluing';
import type { Placed, Traffic } from '../properties/traffic';
import type { Random } from './subject';

/**
 * What a sender keeps to: what {@link glue} knows, and `'last byte'`, which joins whole frames before one with descriptors to it, as
 * sd-varlink does: their sendmsg ends with the frame that owns them.
 */
export type SenderRule = GluingRule | 'last byte';

/** As long is a sendmsg at most that joins frames: what the kernel takes in one piece, and so with its descriptors. */
const MOST_JOINED = 2000;

/** The system calls that send frames, as wildly as the rule allows. */
export function sendmsgs(traffic: Traffic, rule: SenderRule, random: Random): readonly Message[] {
  return rule === 'last byte' ? joined(traffic.frames, random) : glue(traffic, rule, random(0, 0x7fff_ffff));
}

function joined(frames: readonly Placed[], random: Random): Message[] {
  const messages: Message[] = [];
  for (const { range, fds } of frames) {
    const before = messages.at(-1);
    const joins = before?.fds.length === 0 && range.end - before.start <= MOST_JOINED && random(0, 2) > 0;
    if (joins) messages[messages.length - 1] = { start: before.start, end: range.end, fds };
    else messages.push({ ...range, fds });
  }
  return messages;
}

/** Pieces of bytes that keep to no rule, some with descriptors. */
export function unruly(start: number, end: number, nextFd: () => number, random: Random): Message[] {
  const messages: Message[] = [];
  for (let at = start; at < end;) {
    const next = Math.min(end, at + random(1, random(0, 1) === 0 ? 8 : 3000));
    const count = random(0, 3) > 0 ? 0 : random(1, 4);
    messages.push({ start: at, end: next, fds: Array.from({ length: count }, nextFd) });
    at = next;
  }
  return messages;
}
