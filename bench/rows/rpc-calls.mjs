import { exchange, scaled } from '../measure/exchange.mjs';
import { rpcEnd } from '../programs.mjs';
import { callsPerSecond, costPerCall } from './figures.mjs';

/** @type {import('../measure/exchange.mjs').Work} */
const WORK = { kind: 'call', size: 64, fds: 1, warmup: 100_000, count: 100_000 };
const WITH_FD = 'and descriptors';

/** @type {import('./row.mjs').Row} */
export const rpcCalls = {
  name: 'rpc-calls',
  title: 'Calls with answers, 64 bytes each way, 64 under way at once',
  figures: { rate: callsPerSecond, cost: costPerCall },
  contenders: [
    { label: 'rpc()', program: rpcEnd, variant: 'rpc()' },
    { label: `rpc(), ${WITH_FD}`, program: rpcEnd, variant: 'rpc()' },
    { label: 'vscode-jsonrpc', program: rpcEnd, variant: 'vscode-jsonrpc' },
    { label: `vscode-jsonrpc, ${WITH_FD}`, program: rpcEnd, variant: 'vscode-jsonrpc' },
    { label: 'vscode-jsonrpc over net', program: rpcEnd, variant: 'vscode-jsonrpc over net' },
  ],
  async measure(contender, tools, scale) {
    const work = scaled({ ...WORK, fds: contender.label.endsWith(WITH_FD) ? WORK.fds : 0 }, scale);
    const { ends, loss } = await exchange(work, contender, tools);
    const { ns = NaN, cpu: caller = NaN } = ends.sender?.received ?? {};
    const { cpu: called = NaN } = ends.receiver?.received ?? {};
    return { figures: { rate: (work.count / ns) * 1e9, cost: (caller + called) / work.count }, loss };
  },
};
