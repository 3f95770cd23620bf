import { ancillary, netSocket } from '../programs.mjs';
import { bytesWork } from './bytes.mjs';
import { BARE, C, GO } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { bytesPerSecond, costPerMessage } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const bytesApart = {
  name: 'bytes-apart',
  title: 'Plain bytes, in writes of 64 KiB, on two processors',
  figures: { rate: bytesPerSecond, cost: costPerMessage },
  apart: true,
  reference: C,
  contenders: [
    { label: "ancillary, 'data'", program: ancillary, variant: 'data' },
    { label: "net.Socket, 'data'", program: netSocket, variant: 'data' },
    GO,
    BARE,
  ],
  measure: exchanged({ ...bytesWork, apart: true }, (ends, work) => ({ rate: work.size * rate(ends, work) })),
};
