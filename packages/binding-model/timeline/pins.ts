import type { TraceEvent } from '../kernel/trace';
import { anchorOf, type Band, type Numbered, passedOverSends } from './band';
import { MARGIN, SMALL, textWidth } from './metrics';
import { few } from './words';

/** Descriptors at the byte they are pinned to. */
export interface Pin {
  readonly side: 'sent' | 'received';
  /** Undefined for descriptors that had no byte. */
  readonly byte: number | undefined;
  /** Of the call that they belong to. */
  readonly number: number;
  /** Of its tags. */
  readonly width: number;
  readonly tags: readonly Tag[];
}

export interface Tag {
  readonly text: string;
  readonly lost: boolean;
}

/** Where descriptors were sent, received and lost. */
export function pinsOf(band: Band): Pin[] {
  const pins: Pin[] = [];
  const add = (
    side: Pin['side'],
    event: Numbered<TraceEvent>,
    fds: readonly string[],
    lost: readonly string[],
  ): void => {
    if (fds.length + lost.length === 0) return;
    const tags = [
      ...few(fds).map((text) => ({ text, lost: false })),
      ...few(lost).map((text) => ({ text: `${text} lost`, lost: true })),
    ];
    const width = Math.max(...tags.map(({ text }) => textWidth(text, SMALL))) + 2 * MARGIN;
    pins.push({ side, byte: anchorOf(event), number: event.number, width, tags });
  };
  for (const send of band.sends) {
    if (send.start < send.end) add('sent', send, send.fds, []);
    else add('sent', send, [], send.fds);
  }
  for (const receive of band.receives) add('received', receive, receive.fds, receive.lost);
  for (const send of passedOverSends(band)) add('received', send, [], send.fds);
  return pins;
}
