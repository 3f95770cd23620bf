/**
 * Puts the sources of packages/ together as CommonJS, one file for each entry point and one for what they share: there, what
 * one module imports of another is a plain variable, and loading the package opens a few files instead of a hundred.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { rollup } from 'rollup';
import ts from 'typescript';

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, 'dist');
/** @type {{ exports: Record<string, string | { require: { default: string } }>, dependencies: Record<string, string>, peerDependencies: Record<string, string> }} */
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** Entry points, by their place in dist/ without an ending. */
const entries = Object.values(manifest.exports)
  .filter((entry) => typeof entry !== 'string')
  .map((entry) => path.relative('dist', entry.require.default).replace(/\.js$/, ''));

/** What is shared is named after the first of these packages that is in it. */
const PACKAGES = ['stream', 'binding-model', 'binding'];
const includes = (/** @type {string[]} */ files, /** @type {string} */ name) =>
  files.some((file) => file.startsWith(path.join(root, 'packages', name) + path.sep));

/** @type {import('rollup').Plugin} */
const typescript = {
  name: 'typescript',
  resolveId(specifier, importer) {
    if (!specifier.startsWith('.') || importer === undefined) return null;
    const file = path.resolve(path.dirname(importer), specifier);
    return existsSync(`${file}.ts`) ? `${file}.ts` : path.join(file, 'index.ts');
  },
  transform(code, id) {
    const { outputText } = ts.transpileModule(code, {
      fileName: id,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    });
    return { code: outputText, map: null };
  },
};

/** What an earlier run made, and declarations whose source is gone: tsc leaves them, and the package would have them. */
const isStale = (/** @type {string} */ file) => {
  if (/\.(m?js|d\.mts)$/.test(file)) return true;
  return file.endsWith('.d.ts') && !existsSync(path.join(root, 'packages', file.replace(/\.d\.ts$/, '.ts')));
};
if (existsSync(dist)) {
  for (const file of readdirSync(dist, { encoding: 'utf8', recursive: true })) {
    if (isStale(file)) rmSync(path.join(dist, file));
  }
}
const bundle = await rollup({
  input: Object.fromEntries(entries.map((entry) => [entry, path.join(root, 'packages', `${entry}.ts`)])),
  external: (id) => id.startsWith('node:') || id in manifest.dependencies || id in manifest.peerDependencies,
  plugins: [typescript],
  treeshake: { moduleSideEffects: 'no-external' },
  onLog(level, { code, message }) {
    // TypeScript's helpers for `using` look for others of their kind in `this`.
    if (code !== 'THIS_IS_UNDEFINED') throw new Error(`${level}: ${message}`);
  },
});
await bundle.write({
  dir: dist,
  format: 'cjs',
  entryFileNames: '[name].js',
  // As deep as the entry points: load-addon.ts looks for the addon two folders up.
  chunkFileNames: ({ moduleIds }) => `shared/${PACKAGES.find((name) => includes(moduleIds, name)) ?? '[name]'}.js`,
  hoistTransitiveImports: false,
  exports: 'named',
  interop: 'default',
  externalLiveBindings: false,
  generatedCode: 'es2015',
});
await bundle.close();
