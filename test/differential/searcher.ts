import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Kind } from './arbitrary';
import { modelKernel, realKernel } from './machine';
import { search } from './search';

// Run by main.ts in a process of its own; what it finds goes to standard output.
const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'ordinary' },
    runs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '60' },
  },
});
const kind: Kind = values.kind === 'crowded' ? 'crowded' : 'ordinary';
if (kind === 'crowded') becomeUserOfOwn();
const real = realKernel();
const options = { kind, runs: Number(values.runs), seed: Number(values.seed), maxSteps: Number(values.steps) };
const found = search(options, modelKernel(real()), real);
writeSync(1, JSON.stringify(found));

/**
 * Descriptors in flight are counted for each user, and root is exempt (docs/kernel.md 20, 27): this needs a user whom
 * nothing else runs as.
 */
function becomeUserOfOwn(): void {
  if (process.getuid?.() !== 0) return;
  const id = 20_000 + (process.pid % 40_000);
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
}
