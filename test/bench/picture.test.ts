import { mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runDirectory, start } from '../support/children';

const ROOT = path.resolve(__dirname, '../..');

test("README's picture is drawn from the figures that docs/performance.md tells", async () => {
  const drawn = path.join(mkdtempSync(path.join(runDirectory(), 'picture-')), 'speed.svg');
  const measured = path.join(ROOT, 'docs/speed.json');
  const child = start(process.execPath, [path.join(ROOT, 'bench/run.mjs'), '--from', measured, '--plot', drawn]);
  await child.succeeded();
  expect(readFileSync(path.join(ROOT, 'docs/speed.svg'), 'utf8')).toBe(readFileSync(drawn, 'utf8'));
});
