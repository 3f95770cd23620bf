import path from 'node:path';
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import * as packageImports from './scripts/package-imports.mjs';

export default defineConfig(
  globalIgnores(['**/build/', 'build-sanitize/', 'coverage/', 'dist/', 'ancillary-usocket/']),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['packages/**/*.ts'],
    plugins: { packages: { rules: { imports: packageImports.rule } } },
    rules: { 'packages/imports': ['error', path.join(import.meta.dirname, 'packages')] },
  },
  {
    // The model of the kernel and its pictures run wherever ECMAScript does: no globals of Node or of a browser, and no
    // modules but their own.
    files: ['packages/binding-model/{kernel,timeline}/**/*.ts'],
    rules: {
      'no-undef': 'error',
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: String.raw`^(?!\./|\.\./(kernel|timeline)(/|$))`,
              message: 'The model of the kernel also runs in a browser: it imports nothing but itself.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression', message: 'The model of the kernel imports nothing at run time.' },
      ],
    },
  },
  {
    // TypeScript checks these too (checkJs), and knows Node's globals.
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-undef': 'off', '@typescript-eslint/no-require-imports': 'off' },
  },
);
