/** Where this library calls a program, or a program goes on after waiting for it: each is reached in an exchange. */
export const HOOKS = [
  'authorize',
  'connection',
  'connect',
  'ready',
  'data',
  'fds',
  'discarded',
  'end',
  'finish',
  'drain',
  'timeout',
  'close',
  'write callback',
  'writeFds callback',
  'send settled',
  'measure',
  'cut',
  'decode',
  'encode',
  'framed body',
  'frames body',
  'forEachFrame handler',
  'receive settled',
  'onread buffer',
  'onread callback',
  'handoff settled',
] as const;

export type Hook = (typeof HOOKS)[number];

/** What a program does there: to its socket, to the other one, to the signal that it gave to everything, to its server. */
export const ENDINGS = [
  'destroy',
  'destroy with an error',
  'end',
  'abort',
  'throw',
  'the peer leaves',
  'the server closes',
] as const;

export type Ending = (typeof ENDINGS)[number];
