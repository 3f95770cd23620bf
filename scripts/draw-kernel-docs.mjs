/** Draws the pictures of docs/kernel.md; with an argument, into that directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pictures } from './kernel-pictures.mjs';

const [directory = path.join(path.dirname(import.meta.dirname), 'docs', 'pictures')] = process.argv.slice(2);

mkdirSync(directory, { recursive: true });
for (const [name, draw] of Object.entries(pictures)) {
  writeFileSync(path.join(directory, `${name}.svg`), draw());
}
