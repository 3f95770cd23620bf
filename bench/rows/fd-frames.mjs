import { ancillary } from '../programs.mjs';
import { C, CHILD_PROCESS, GO, PYTHON, USOCKET } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('../measure/exchange.mjs').Work} */
export const fdFramesWork = { kind: 'flood', size: 64, fds: 1, warmup: 300_000, count: 400_000 };

/** @type {import('./row.mjs').Row} */
export const fdFrames = {
  name: 'fd-frames',
  title: '64 bytes and a descriptor per message, one way',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: 'ancillary, for await', program: ancillary, variant: 'for await' },
    CHILD_PROCESS,
    USOCKET,
    PYTHON,
    GO,
  ],
  measure: exchanged(fdFramesWork, (ends, work) => ({ rate: rate(ends, work) })),
};
