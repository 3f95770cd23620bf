import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { start } from '../support/children';
import { parsed } from './parsed';

const root = path.resolve(__dirname, '../..');
const committed = path.join(root, 'docs', 'pictures');

test('The pictures of docs/kernel.md are what the model does: `npm run docs:draw` changes nothing', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'pictures-'));
  try {
    const script = path.join(root, 'scripts', 'draw-kernel-docs.mjs');
    await start(process.execPath, [script, directory]).succeeded();
    expect(readdirSync(committed).sort()).toEqual(readdirSync(directory).sort());
    for (const name of readdirSync(directory)) {
      expect(readFileSync(path.join(committed, name), 'utf8')).toBe(readFileSync(path.join(directory, name), 'utf8'));
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('docs/kernel.md shows each of them, with words for those who cannot see it', () => {
  const text = readFileSync(path.join(root, 'docs', 'kernel.md'), 'utf8');
  const shown = [...text.matchAll(/!\[([^\]]+)\]\(pictures\/([^)]+)\)/g)];
  expect(shown.map(([, , name]) => name).sort()).toEqual(readdirSync(committed).sort());
  for (const [, words] of shown) expect(words?.length).toBeGreaterThan(20);
});

test('They are no wider than a page', async () => {
  const names = readdirSync(committed);
  const drawings = await parsed(names.map((name) => readFileSync(path.join(committed, name), 'utf8')));
  for (const svg of drawings) expect(svg.number('width')).toBeLessThan(1000);
});

test('The picture of truncation tells what each of its reads lacked', () => {
  const svg = readFileSync(path.join(committed, 'truncated.svg'), 'utf8');
  const steps = [...svg.matchAll(/<text class="step"[^>]*>([^<]*lost: [^<]*)</g)].map(([, step]) => step);
  expect(steps).toEqual([
    expect.stringMatching(/lost: a3, a4 \(24 bytes of control\)$/),
    expect.stringMatching(/lost: b2, b3 \(no free number\)$/),
    expect.stringMatching(/lost: c \(0 bytes of control\)$/),
  ]);
});
