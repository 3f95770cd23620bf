'use strict';

// `node --require` this to run a TypeScript file of the repository as it is; types are checked by `npm run typecheck`.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const ts = require('typescript');

// A plain assignment would be a type error, and @types/node has no other name for it.
Object.assign(Reflect.get(Module, '_extensions'), { '.ts': compile });

/**
 * @param {NodeModule & { _compile(source: string, file: string): void }} module
 * @param {string} file
 */
function compile(module, file) {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      inlineSourceMap: true,
    },
  });
  module._compile(outputText, file);
}
