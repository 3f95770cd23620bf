import type { TraceEvent } from '../kernel/trace';
import type { Numbered } from './band';
import { textWidth } from './metrics';
import { element, lines, type Markup } from './svg';
import { stepOf } from './words';

const SIZE = 11;
const LINE_HEIGHT = 17;
const BETWEEN_COLUMNS = 24;
/** A few are easier to read below one another. */
const LEAST_ROWS = 8;

/** All calls as a list, in the order in which they were made, in as many columns as there is room for. */
export class Steps {
  readonly #texts: readonly string[];
  /** Of one column. */
  readonly width: number;

  constructor(events: readonly Numbered<TraceEvent>[], streams: number) {
    this.#texts = events.map((event) => stepOf(event, streams));
    this.width = this.#texts.reduce((widest, text) => Math.max(widest, textWidth(text, SIZE)), 0);
  }

  height(width: number): number {
    return this.#rows(width) * LINE_HEIGHT;
  }

  draw(x: number, y: number, width: number): Markup {
    const rows = this.#rows(width);
    const texts = this.#texts.map((text, index) =>
      element(
        'text',
        {
          class: 'step',
          x: x + Math.floor(index / rows) * (this.width + BETWEEN_COLUMNS),
          y: y + (index % rows) * LINE_HEIGHT + SIZE,
          'font-size': SIZE,
        },
        text,
      ),
    );
    return lines('g', { class: 'steps' }, ...texts);
  }

  #rows(width: number): number {
    const columns = Math.max(1, Math.floor((width + BETWEEN_COLUMNS) / (this.width + BETWEEN_COLUMNS)));
    return Math.max(Math.ceil(this.#texts.length / columns), Math.min(this.#texts.length, LEAST_ROWS));
  }
}
