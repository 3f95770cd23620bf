import { bare, c, childProcess, go, python, usocket } from '../programs.mjs';

/** @typedef {import('../programs.mjs').Contender} Contender */

// Those that stand in several rows. C is the reference; the shares keep a run at about a second.

/** @type {Contender} */
export const C = { label: 'C', program: c };
/** @type {Contender} */
export const CHILD_PROCESS = { label: 'child_process.send', program: childProcess, share: 0.03 };
/** @type {Contender} */
export const USOCKET = { label: 'usocket', program: usocket, share: 0.3 };
/** @type {Contender} */
export const PYTHON = { label: 'Python', program: python, share: 0.4 };
/** @type {Contender} */
export const GO = { label: 'Go', program: go };
/** @type {Contender} */
export const BARE = { label: 'a bare addon', program: bare };
