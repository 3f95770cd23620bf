/**
 * Writes, beside each compiled entry point, an ES module that hands on its exports: `import` and `require` of the
 * package give the very same classes. Export names are read from the compiled code without running it, so that the
 * build does not need the addon.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { init, parse } from 'cjs-module-lexer';

const root = path.dirname(import.meta.dirname);
/** @type {{ exports: Record<string, string | { import: { types: string, default: string }, require: { default: string } }> }} */
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

await init();
for (const entry of Object.values(manifest.exports)) {
  if (typeof entry === 'string') continue;
  const source = path.join(root, entry.require.default);
  const from = `./${path.basename(source)}`;
  const names = [...exportNames(source)].sort();
  const lines = names.map((name) => `  ${name},\n`).join('');
  const code = `export {\n${lines}} from '${from}';\n`;
  writeFileSync(path.join(root, entry.import.default), names.length > 0 ? code : `import '${from}';\nexport {};\n`);
  writeFileSync(path.join(root, entry.import.types), `export * from '${from}';\n`);
}

/**
 * @param {string} file compiled CommonJS
 * @returns {Set<string>}
 */
function exportNames(file) {
  const { exports, reexports } = parse(readFileSync(file, 'utf8'), file);
  const names = new Set(exports);
  for (const specifier of reexports) {
    for (const name of exportNames(createRequire(file).resolve(specifier))) names.add(name);
  }
  names.delete('__esModule');
  return names;
}
