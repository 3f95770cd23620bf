import { setImmediate } from 'node:timers';
import { printable } from './printable';

/** A descriptor that nobody closed, and what became of it. */
interface Leak {
  readonly fd: number;
  /** What was closed; undefined where somebody else had closed it, and nothing was. */
  readonly closed: string | undefined;
}

const MOST_DESCRIBED = 3;
const MOST_LETTERS = 120;
/** Each turn of the event loop that finds leaks warns, so many times; then only when their number has doubled since. */
const MOST_WARNINGS = 10;

let found: Leak[] = [];
let unreported = 0;
let total = 0;
let warnings = 0;
let reportedTotal = 0;

/**
 * Reports a descriptor that became garbage. Those of one turn are one warning: a program that leaks ten thousand would
 * otherwise write nothing but that.
 */
export function leaked(fd: number, closed: string | undefined): void {
  if (unreported === 0) setImmediate(report);
  unreported++;
  total++;
  if (found.length < MOST_DESCRIBED) found.push({ fd, closed });
}

function report(): void {
  const count = unreported;
  const leaks = found;
  unreported = 0;
  found = [];
  if (warnings >= MOST_WARNINGS && total < 2 * reportedTotal) return;
  warnings++;
  reportedTotal = total;
  process.emitWarning(messageOf(leaks, count), {
    type: 'AncillaryWarning',
    code: 'ANCILLARY_LEAK',
    detail: 'Close every OwnedFd and FdFrame you receive: close(), using, or take() to pass the duty on.',
  });
}

function messageOf(leaks: readonly Leak[], count: number): string {
  const more = count - leaks.length;
  const list = leaks.map(describe).join('; ');
  if (count === 1) return list;
  const rest = more > 0 ? `; and ${more} more` : '';
  return `${count} descriptors became garbage without being closed, ${total} so far: ${list}${rest}`;
}

function describe({ fd, closed }: Leak): string {
  if (closed === undefined) {
    return `descriptor ${fd} became garbage after somebody else had closed it: what has its number now is left open`;
  }
  const text = printable(closed);
  const what = text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
  return `descriptor ${fd} (${what}) became garbage without being closed; it is closed now`;
}
