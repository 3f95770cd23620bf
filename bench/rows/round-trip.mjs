import { exchange, scaled } from '../measure/exchange.mjs';
import { ancillary, netSocket } from '../programs.mjs';
import { BARE, C, CHILD_PROCESS, GO, PYTHON, USOCKET } from './contenders.mjs';
import { tripTime } from './figures.mjs';

/** @type {import('../measure/exchange.mjs').Work} */
const WORK = { kind: 'echo', size: 1, fds: 1, warmup: 100_000, count: 60_000 };
const PLAIN = 'net.Socket, no descriptor';

/** @type {import('./row.mjs').Row} */
export const roundTrip = {
  name: 'round-trip',
  title: 'Round trip of a byte and a descriptor',
  figures: { p50: tripTime, p99: tripTime },
  reference: C,
  contenders: [
    { label: 'ancillary', program: ancillary },
    { label: PLAIN, program: netSocket },
    { ...CHILD_PROCESS, share: 0.1 },
    { ...USOCKET, share: 1 },
    { ...PYTHON, share: 1 },
    GO,
    BARE,
  ],
  async measure(contender, tools, scale) {
    const work = { ...WORK, fds: contender.label === PLAIN ? 0 : WORK.fds };
    const { ends, loss } = await exchange(scaled(work, scale * (contender.share ?? 1)), contender, tools);
    return { figures: { p50: ends.sender?.p50 ?? NaN, p99: ends.sender?.p99 ?? NaN }, loss };
  },
};
