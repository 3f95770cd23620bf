import { ancillary } from '../programs.mjs';
import { BARE, C, GO, USOCKET } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { fdFramesWork } from './fd-frames.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const fdFramesApart = {
  name: 'fd-frames-apart',
  title: '64 bytes and a descriptor per message, one way, on two processors',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  apart: true,
  reference: C,
  contenders: [
    { label: 'ancillary, for await', program: ancillary, variant: 'for await' },
    { label: 'ancillary, forEachFrame', program: ancillary, variant: 'forEachFrame', needs: 'forEachFrame' },
    USOCKET,
    GO,
    BARE,
  ],
  measure: exchanged({ ...fdFramesWork, apart: true }, (ends, work) => ({ rate: rate(ends, work) })),
};
