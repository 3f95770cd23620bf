import type { Difference, Told } from '../compare';
import type { Verdict } from './judge';
import type { Mutation } from './mutation';

const HEAD = ['Rule', 'Broken how', 'Found by', 'Smallest failing program'];

/** A Markdown table. Its cells are longer than prettier could line up. */
export function table(rows: readonly (readonly [Mutation, Verdict])[]): string {
  const lines = rows.map(([{ rule, broken }, verdict]) => row([`${rule}`, broken, ...cellsOf(verdict)]));
  return ['<!-- prettier-ignore -->', row(HEAD), row(HEAD.map(() => '---')), ...lines, ''].join('\n');
}

function cellsOf(verdict: Verdict): [finder: string, program: string] {
  switch (verdict.by) {
    case 'differential':
      return ['programs', programOf(verdict.difference)];
    case 'test':
      return [`\`${verdict.file}\``, verdict.title];
    case 'nothing':
      return ['**nothing**', ''];
  }
}

function programOf({ before, model, kernel }: Difference): string {
  const last = kernel.call === model.call ? model.call : `${model.call}, or ${kernel.call}`;
  return [...before.map(line), `${code(last)} → **${kernel.result}**, broken: **${model.result}**`].join('<br>');
}

function line({ call, result }: Told): string {
  if (result === 'done') return code(call);
  // Sockets are numbered as they are made, which goes without saying.
  const shorter = call.startsWith('socketpair') ? result.replaceAll(/ = socket \d+/g, '') : result;
  return `${code(call)} → ${shorter}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Lists of hundreds of descriptors tell no more than their ends do. */
function shortened(text: string): string {
  return text.replaceAll(/\[(?<first>[^\]]{40})[^\]]{80,}(?<last>[, ][^\], ][^\],]*)\]/g, '[$<first> …$<last>]');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => shortened(cell).replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
