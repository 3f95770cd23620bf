/**
 * Compiles the model of the kernel a second time, to ES modules that a browser can load as they are: `ancillary/model`
 * under the condition `browser`. Everywhere else `import` gives the same classes as `require`, and so as
 * `ancillary/testing`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const sources = path.resolve(import.meta.dirname, '../packages/binding-model');
const target = path.resolve(import.meta.dirname, '../dist/binding-model/browser');

rmSync(target, { recursive: true, force: true });
for (const folder of ['kernel', 'timeline']) {
  mkdirSync(path.join(target, folder), { recursive: true });
  for (const file of readdirSync(path.join(sources, folder))) {
    const source = path.join(sources, folder, file);
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      fileName: source,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    });
    const code = outputText.replace(
      /^(import|export)([^'"]*from )'([^']+)';$/gm,
      (_statement, keyword, names, specifier) => `${keyword}${names}'${moduleOf(specifier, source)}';`,
    );
    writeFileSync(path.join(target, folder, file.replace(/\.ts$/, '.mjs')), code);
  }
}

/**
 * @param {string} specifier relative and without an ending, as in the sources
 * @param {string} importer
 */
function moduleOf(specifier, importer) {
  const file = path.resolve(path.dirname(importer), specifier);
  return existsSync(`${file}.ts`) ? `${specifier}.mjs` : `${specifier}/index.mjs`;
}
