'use strict';

/**
 * Rows as aligned columns, below their headings. Columns of numbers are aligned at the right.
 *
 * @param {string[]} headings
 * @param {(string | number)[][]} rows
 */
function table(headings, rows) {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => String(row[column]).length)));
  const numeric = headings.map((_, column) => rows.every((row) => /^\d*$/.test(String(row[column]))));
  const lines = all.map((row) =>
    row.map((cell, column) => String(cell)[numeric[column] ? 'padStart' : 'padEnd'](widths[column] ?? 0)).join('  '),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.map((line) => `  ${line.trimEnd()}`).join('\n');
}

/**
 * The start of some text, in quotes.
 * @param {Buffer | string} text
 */
function preview(text, width = 28) {
  const shown = JSON.stringify(text.toString());
  return shown.length <= width ? shown : `${shown.slice(0, width - 2)}…"`;
}

/** @param {string} text */
function heading(text) {
  return `\n${text}\n${'='.repeat(text.length)}`;
}

module.exports = { heading, preview, table };
