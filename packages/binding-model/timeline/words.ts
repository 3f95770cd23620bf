import type { ReceiveEvent, TraceEvent } from '../kernel/trace';
import type { Numbered } from './band';

/** 36544 as 36,544. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The call, as a tracer of system calls would write it. */
export function callOf(event: Numbered<TraceEvent>): string {
  const length = event.end - event.start;
  const flag = event.outOfBand ? ', MSG_OOB' : '';
  if (event.what === 'sendmsg') {
    return `sendmsg(${grouped(event.asked)}${flag})${length < event.asked ? ` = ${grouped(length)}` : ''}`;
  }
  return `recvmsg(${grouped(event.size)}${flag}) = ${grouped(length)}${event.truncated ? ' MSG_CTRUNC' : ''}`;
}

/** The call with the descriptors that it sent, got or lost. */
export function stepOf(event: Numbered<TraceEvent>, streams: number): string {
  const towards = streams > 1 ? `, ${event.what === 'sendmsg' ? 'to' : 'at'} ${event.stream}` : '';
  const fds = event.fds.length > 0 ? ` + ${listed(event.fds)}` : '';
  const lost =
    event.what === 'recvmsg' && event.lost.length > 0 ? `, lost: ${listed(event.lost)} (${causeOf(event)})` : '';
  return `${event.number} ${callOf(event)}${fds}${lost}${towards}`;
}

/** What descriptors were lost for the want of. */
function causeOf({ ranOutOfNumbers, controlLength }: ReceiveEvent): string {
  return ranOutOfNumbers ? 'no free number' : `${grouped(controlLength)} bytes of control`;
}

/** What happened, in a sentence, for those who cannot see the picture. */
export function sentenceOf(event: Numbered<TraceEvent>): string {
  const { number, start, end, fds, stream } = event;
  const where = start === end ? `at offset ${grouped(start)}` : `at offsets ${grouped(start)} to ${grouped(end - 1)}`;
  const count = `${grouped(end - start)} ${end - start === 1 ? 'byte' : 'bytes'}`;
  const parts: string[] = [];
  if (event.what === 'sendmsg') {
    parts.push(`sendmsg to ${stream} sent ${count} ${where}`);
    if (end - start < event.asked) parts.push(`of ${grouped(event.asked)} it was asked to send`);
    if (event.outOfBand) parts.push('the last of them out of band');
    if (fds.length > 0)
      parts.push(`with the descriptors ${fds.join(', ')} ${start === end ? 'lost' : 'on the first byte'}`);
    if (event.segments.length > 1) parts.push(`in ${event.segments.length} segments`);
  } else {
    parts.push(`recvmsg at ${stream} returned ${count} ${where}`, `with room for ${grouped(event.size)}`);
    if (event.outOfBand) parts.push('out of band');
    if (fds.length > 0) parts.push(`with the descriptors ${fds.join(', ')}`);
    if (event.lost.length > 0) parts.push(`without the lost descriptors ${event.lost.join(', ')} (${causeOf(event)})`);
    if (event.truncated) parts.push('and said MSG_CTRUNC');
  }
  return `${number}. ${parts.join(', ')}.`;
}

const MOST_LISTED = 4;

/** The first few of many, and how many more there are. */
export function few(names: readonly string[]): string[] {
  const shown = names.slice(0, names.length > MOST_LISTED + 1 ? MOST_LISTED : names.length).map(short);
  if (shown.length < names.length) shown.push(`+${names.length - shown.length}`);
  return shown;
}

function listed(names: readonly string[]): string {
  return few(names).join(', ');
}

const LONGEST_NAME = 12;

function short(name: string): string {
  const characters = Array.from(name);
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join('')}…` : name;
}

const LETTERS = /^[!-~]$/;

/** A byte as its character where that can be seen, else in hexadecimal. */
export function byteText(byte: number): string {
  const character = String.fromCharCode(byte);
  return LETTERS.test(character) ? character : byte.toString(16).padStart(2, '0');
}
