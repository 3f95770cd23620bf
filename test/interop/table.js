'use strict';

const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

/** @typedef {import('./report').ReportedRow} Row */

const HEADINGS = ['peer', 'messages', 'fds sent', 'fds received', 'wrong', 'left over', 'goal'];

/** Prints, after `npm run test:interop`, a row for each peer, as the tests reported it. */
module.exports = class Table {
  onRunComplete() {
    // The teardown of the run comes later, and removes it.
    const file = path.join(process.env['ANCILLARY_TEST_DIRECTORY'] ?? '', 'interop-rows');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    const rows = lines.map((line) => /** @type {Row} */ (JSON.parse(line)));
    rows.sort((one, other) => one.peer.localeCompare(other.peer));
    const cells = [HEADINGS, ...rows.map(cellsOf)];
    const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    const table = cells.map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
    // Jest's own summary comes after all other reporters, and may be long.
    process.once('exit', () => process.stdout.write(`\n${table.join('\n')}\n`));
  }
};

/** @param {Row} row */
function cellsOf({ peer, messages, fdsSent, fdsReceived, wrong, leftOver, short }) {
  const numbers = [messages, fdsSent, fdsReceived, wrong, leftOver].map((number) => number.toLocaleString('en'));
  return [peer, ...numbers, short.length === 0 ? 'met' : `NOT met: ${short.join(', ')}`];
}
