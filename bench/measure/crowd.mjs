import { rmSync } from 'node:fs';
import path from 'node:path';
import { found } from '../programs.mjs';
import { runPinned } from './launch.mjs';
import { parseReports } from './report-line.mjs';

const TIMEOUT_MS = 120_000;

/**
 * Runs a server with a crowd of clients in another process, and makes sure that all of them came and all of their frames
 * arrived.
 * @param {import('../programs.mjs').Contender} contender the server; its variant is one of ends/crowd/servers.mjs
 * @param {readonly number[]} numbers the server's arguments
 * @param {number} connections that there must be in the end
 * @param {import('./tools.mjs').Tools} tools
 */
export async function crowd({ program, variant = '' }, numbers, connections, tools) {
  const { path: server } = found(program, tools);
  const address = path.join(tools.directory, 'socket');
  const command = [...program.command(server, tools), address, variant, ...numbers.map(String)];
  try {
    const output = await runPinned([tools.pair, ...command, '--', tools.crowd, address], { timeout: TIMEOUT_MS });
    const { receiver } = parseReports(output);
    if (receiver === undefined) throw new Error('the server did not report');
    if (receiver.connections !== connections || receiver.frames !== receiver.expected) {
      throw new Error(
        `not what was to be done: ${receiver.connections} of ${connections} connections, ` +
          `${receiver.frames} of ${receiver.expected} frames`,
      );
    }
    return receiver;
  } finally {
    rmSync(address, { force: true });
  }
}
