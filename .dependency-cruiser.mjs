/**
 * Which folder may import which, and that there is no cycle, types included: `npm run lint`. Which package may import
 * which stands in scripts/package-imports.mjs.
 */

const stream = (/** @type {string} */ folder) => `^packages/stream/${folder}/`;
/** Files of packages/stream/ itself but for its index: what all its folders share. */
const SHARED = '^packages/stream/(?!index)[^/]+$';

/** Folders of packages/stream/, and what of it each may import besides what all share. */
const mayImport = {
  limits: [],
  receive: ['limits'],
  send: ['limits'],
  socket: ['receive', 'send', 'limits'],
  connect: ['socket', 'receive', 'limits'],
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: { path: '^packages/' }, to: { circular: true } },
    {
      name: 'shared-by-all',
      comment: 'What all folders of packages/stream/ share imports none of them.',
      severity: 'error',
      from: { path: SHARED },
      to: { path: '^packages/stream/', pathNot: SHARED },
    },
    ...Object.entries(mayImport).map(([folder, others]) => ({
      name: `from-${folder}`,
      severity: 'error',
      from: { path: stream(folder) },
      to: { path: '^packages/stream/', pathNot: [SHARED, ...[folder, ...others].map(stream)] },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
