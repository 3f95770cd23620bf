import { ancillary } from '../programs.mjs';
import { BARE, C, GO } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { fdFramesWork } from './fd-frames.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const fdFramesPushed = {
  name: 'fd-frames-pushed',
  title: '64 bytes and a descriptor per message, one way, to a handler',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: 'ancillary, forEachFrame', program: ancillary, variant: 'forEachFrame', needs: 'forEachFrame' },
    GO,
    BARE,
  ],
  measure: exchanged(fdFramesWork, (ends, work) => ({ rate: rate(ends, work) })),
};
