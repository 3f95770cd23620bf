import path from 'node:path';

/**
 * Which package may import which. Imports run one way, and only `ancillary` names an implementation of the contract in
 * `binding`. A package that is not listed may import none of ours and be imported by none.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const mayImport = {
  binding: [],
  'binding-native': ['binding'],
  'binding-model': ['binding'],
  stream: ['binding'],
  codec: ['stream', 'binding'],
  rpc: ['codec', 'stream', 'binding'],
  proxy: ['stream', 'binding'],
  compat: ['codec', 'stream', 'binding'],
  cli: ['codec', 'stream', 'binding'],
  ancillary: ['cli', 'compat', 'proxy', 'rpc', 'codec', 'stream', 'binding', 'binding-native', 'binding-model'],
};

/**
 * What is wrong with an import, or undefined. Packages import each other by their folder (`'../stream'`), never a file
 * in it: what a package offers to others is its index.
 *
 * @param {string} importingFile absolute
 * @param {string} specifier as written
 * @param {string} packagesDirectory absolute
 * @returns {string | undefined}
 */
export function problemWithImport(importingFile, specifier, packagesDirectory) {
  const [from] = path.relative(packagesDirectory, importingFile).split(path.sep);
  if (from === undefined || from === '' || from === '..') return undefined;
  if (specifier === 'ancillary' || specifier.startsWith('ancillary/')) {
    return `A package imports another by its folder, not as '${specifier}'`;
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = path.relative(packagesDirectory, path.resolve(path.dirname(importingFile), specifier));
  const [to, ...deeper] = target.split(path.sep);
  if (to === undefined || to === '' || to === '..') return `'${specifier}' is outside of packages/`;
  if (to === from) return undefined;
  if (!(mayImport[from] ?? []).includes(to)) return `${from} must not import ${to}`;
  if (deeper.length > 0) return `Import the package's index, '${specifier.slice(0, -deeper.join('/').length - 1)}'`;
  return undefined;
}

/** The rule for ESLint: every form in which a module can be named. @type {import('eslint').Rule.RuleModule} */
export const rule = {
  meta: { type: 'problem', schema: [{ type: 'string' }] },
  create(context) {
    const [packagesDirectory] = context.options;
    /** @param {{ type: string, value?: unknown } | null | undefined} source */
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const message = problemWithImport(context.filename, source.value, packagesDirectory);
      if (message !== undefined) context.report({ node: /** @type {import('estree').Node} */ (source), message });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (/** @type {any} */ node) => check(node.source),
      TSExternalModuleReference: (/** @type {any} */ node) => check(node.expression),
      'CallExpression[callee.name="require"]': (/** @type {any} */ node) => check(node.arguments[0]),
    };
  },
};
