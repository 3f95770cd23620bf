/** Ideographs and their like, which take the room of two letters. */
const WIDE = /[\u2e80-\ud7ff\uf900-\uffff]/g;

/** The font is one of fixed width, so the length of a text is known without measuring. */
export const textWidth = (text: string, size: number): number => text.replace(WIDE, '..').length * size * 0.61;

export const TEXT = 12;
export const SMALL = 10;
export const BAR_HEIGHT = 22;
export const RULER_HEIGHT = 26;
export const TAG_HEIGHT = 16;
/** Between things that are one above the other. */
export const STEM = 8;
/** Between a text and what is around it. */
export const MARGIN = 6;
