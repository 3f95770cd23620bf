import { BAR_HEIGHT, RULER_HEIGHT, STEM, TAG_HEIGHT } from './metrics';
import type { Pin } from './pins';

const TITLE_HEIGHT = 22;
const OFFSETS_HEIGHT = 14;

/** The tops of the rows. */
export interface Rows {
  readonly sends: number;
  readonly sentTags: number;
  readonly ruler: number;
  readonly offsets: number;
  readonly receivedTags: number;
  readonly receives: number;
}

/** Makes room for as many tags as there are above and below one byte. */
export function rowsOf(pins: readonly Pin[]): Rows {
  const tagsHeight = (side: Pin['side']): number => {
    const most = pins.reduce((count, pin) => (pin.side === side ? Math.max(count, pin.tags.length) : count), 0);
    return most === 0 ? 0 : most * TAG_HEIGHT + STEM;
  };
  const sends = TITLE_HEIGHT;
  const sentTags = sends + BAR_HEIGHT + STEM;
  const ruler = sentTags + tagsHeight('sent');
  const offsets = ruler + RULER_HEIGHT;
  const receivedTags = offsets + OFFSETS_HEIGHT + STEM / 2;
  return { sends, sentTags, ruler, offsets, receivedTags, receives: receivedTags + tagsHeight('received') };
}
