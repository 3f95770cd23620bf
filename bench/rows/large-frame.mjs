import { exchange } from '../measure/exchange.mjs';
import { ancillary, netSocket } from '../programs.mjs';
import { C } from './contenders.mjs';
import { bytesPerSecond, factor } from './figures.mjs';

const MIB = 2 ** 20;
const SMALL = 16 * MIB;
const LARGE = 64 * MIB;
/** Whatever the scale, a frame is more than two of the pieces it is sent in. */
const LEAST = 3 * 65_536;

/** @type {import('./row.mjs').Row} */
export const largeFrame = {
  name: 'large-frame',
  title: 'A frame of 64 MiB, sent in pieces of 64 KiB',
  figures: { rate: bytesPerSecond, linear: factor, copies: factor },
  reference: C,
  contenders: [
    { label: 'ancillary, for await', program: ancillary },
    { label: 'net.Socket, Buffer.concat', program: netSocket },
  ],
  async measure(contender, tools, scale) {
    /** @param {number} size @param {Record<string, string>} [env] */
    const receive = async (size, env = {}) => {
      /** @type {import('../measure/exchange.mjs').Work} */
      const work = { kind: 'large', size: Math.max(LEAST, Math.ceil(size * scale)), fds: 0, warmup: 2, count: 4 };
      const { ends } = await exchange(work, contender, tools, { env });
      const bytes = ends.receiver?.received?.bytes ?? NaN;
      const copied = ends.receiver?.copied;
      const nsPerByte = (ends.receiver?.received?.ns ?? NaN) / (work.size * work.count);
      return { nsPerByte, copies: copied === undefined ? undefined : copied / bytes };
    };
    const small = await receive(SMALL);
    const large = await receive(LARGE);
    const { copies } = contender.program === ancillary ? await receive(SMALL, { BENCH_COUNT_COPIES: '1' }) : large;
    const figures = { rate: 1e9 / large.nsPerByte, linear: large.nsPerByte / small.nsPerByte };
    return { figures: copies === undefined ? figures : { ...figures, copies } };
  },
};
