import { ancillary, netSocket } from '../programs.mjs';
import { BARE, C, GO, PYTHON, USOCKET } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { bytesPerSecond, costPerMessage } from './figures.mjs';

const SIZE = 65_536;

/** @type {import('../measure/exchange.mjs').Work} */
export const bytesWork = { kind: 'stream', size: SIZE, fds: 0, warmup: 60_000, count: 60_000 };

/** @type {import('./row.mjs').Row} */
export const bytes = {
  name: 'bytes',
  title: 'Plain bytes, in writes of 64 KiB',
  figures: { rate: bytesPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: "ancillary, 'data'", program: ancillary, variant: 'data' },
    { label: 'ancillary, onread', program: ancillary, variant: 'onread', needs: 'onread' },
    { label: "net.Socket, 'data'", program: netSocket, variant: 'data' },
    { label: 'net.Socket, onread', program: netSocket, variant: 'onread' },
    USOCKET,
    { ...PYTHON, share: 1 },
    GO,
    BARE,
  ],
  measure: exchanged(bytesWork, (ends, work) => ({ rate: SIZE * rate(ends, work) })),
};
