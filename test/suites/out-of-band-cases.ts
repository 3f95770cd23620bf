// What Linux's own msg_oob.c checks, for linux-out-of-band.test.ts.

/** What is done; and whether an out-of-band byte waits behind it (POLLPRI). */
export type Step =
  | [what: 'send' | 'urge', text: string, pending: boolean] // to urge is to send the last byte out of band
  | [what: 'read', size: number, comes: string, pending: boolean]
  | [what: 'read urgent', comes: string, pending: boolean]
  | [what: 'inline'];

/** How the sender learns that the receiver closed then. */
export type Ending = 'ECONNRESET' | 'end';

export const cases: [string, Step[], Ending][] = [
  [
    'non_oob: plain bytes are not out of band',
    [
      ['send', 'x', false],
      ['read urgent', 'EINVAL', false],
    ],
    'ECONNRESET',
  ],
  [
    'non_oob_no_reset: who read all closes without a reset',
    [
      ['send', 'x', false],
      ['read', 1, 'x', false],
    ],
    'end',
  ],
  [
    'oob: the byte is read out of band',
    [
      ['urge', 'X', true],
      ['read urgent', 'X', false],
    ],
    'end',
  ],
  ['oob_reset: a byte that nobody read resets', [['urge', 'X', true]], 'ECONNRESET'],
  [
    'oob_drop: a plain read drops it',
    [
      ['urge', 'X', true],
      ['read', 1, 'EAGAIN', false],
      ['read urgent', 'EINVAL', false],
    ],
    'end',
  ],
  [
    'oob_ahead: it is read ahead of those before it',
    [
      ['urge', 'abcD', true],
      ['read urgent', 'D', false],
      ['read', 3, 'abc', false],
    ],
    'end',
  ],
  [
    'oob_break: a plain read ends before it',
    [
      ['urge', 'abcD', true],
      ['read', 4, 'abc', true],
      ['read urgent', 'D', false],
      ['read', 1, 'EAGAIN', false],
    ],
    'end',
  ],
  [
    'oob_ahead_break: and where it was, when it is read already',
    [
      ['urge', 'abcD', true],
      ['send', 'efg', true],
      ['read urgent', 'D', false],
      ['read', 7, 'abc', false],
      ['read', 3, 'efg', false],
    ],
    'end',
  ],
  [
    'oob_break_drop: the next plain read drops it, and goes on behind it',
    [
      ['urge', 'abcD', true],
      ['send', 'efg', true],
      ['read', 10, 'abc', true],
      ['read', 10, 'efg', false],
      ['read urgent', 'EINVAL', false],
    ],
    'end',
  ],
  [
    'ex_oob_break: one that another followed has become a plain one',
    [
      ['urge', 'abcD', true],
      ['urge', 'efG', true],
      ['send', 'hi', true],
      ['read', 10, 'abcDef', true],
      ['read urgent', 'G', false],
      ['read', 2, 'hi', false],
    ],
    'end',
  ],
  [
    'ex_oob_drop: so it is read plainly, and the other one out of band',
    [
      ['urge', 'X', true],
      ['urge', 'Y', true],
      ['read', 1, 'X', true],
      ['read urgent', 'Y', false],
    ],
    'end',
  ],
  [
    'ex_oob_drop_2: also in the other order',
    [
      ['urge', 'X', true],
      ['urge', 'Y', true],
      ['read urgent', 'Y', false],
      ['read', 1, 'X', false],
    ],
    'end',
  ],
  [
    'ex_oob_oob: a plain read drops one behind the place of one that was read',
    [
      ['urge', 'X', true],
      ['read urgent', 'X', false],
      ['urge', 'Y', true],
      ['read', 1, 'EAGAIN', false],
      ['read urgent', 'EINVAL', false],
    ],
    'end',
  ],
  [
    'ex_oob_ex_oob: two that were read leave nothing behind',
    [
      ['urge', 'X', true],
      ['read urgent', 'X', false],
      ['urge', 'Y', true],
      ['read urgent', 'Y', false],
    ],
    'end',
  ],
  [
    'ex_oob_ex_oob_oob: nor do they hide a third',
    [
      ['urge', 'X', true],
      ['read urgent', 'X', false],
      ['urge', 'Y', true],
      ['read urgent', 'Y', false],
      ['urge', 'Z', true],
    ],
    'ECONNRESET',
  ],
  [
    'ex_oob_ahead_break: a read runs over the place of one that was read when there is another',
    [
      ['urge', 'abcD', true],
      ['urge', 'efG', true],
      ['read urgent', 'G', false],
      ['urge', 'hI', true],
      ['read', 10, 'abcDefh', true],
      ['read urgent', 'I', false],
    ],
    'end',
  ],
  [
    'ex_oob_siocatmark: a read may end at the place of one that was read',
    [
      ['urge', 'abcD', true],
      ['read urgent', 'D', false],
      ['urge', 'efgH', true],
      ['read', 3, 'abc', true],
    ],
    'ECONNRESET',
  ],
  [
    'inline_oob: with SO_OOBINLINE it is read plainly alone',
    [['inline'], ['urge', 'X', true], ['read urgent', 'EINVAL', true], ['read', 1, 'X', false]],
    'end',
  ],
  [
    'inline_oob_break: with SO_OOBINLINE a read ends before it all the same',
    [
      ['inline'],
      ['urge', 'abcD', true],
      ['read urgent', 'EINVAL', true],
      ['read', 4, 'abc', true],
      ['read', 1, 'D', false],
    ],
    'end',
  ],
  [
    'inline_oob_ahead_break: SO_OOBINLINE does not bring back one that was read before',
    [
      ['urge', 'abcD', true],
      ['send', 'efg', true],
      ['read urgent', 'D', false],
      ['inline'],
      ['read', 9, 'abc', false],
      ['read', 6, 'efg', false],
    ],
    'end',
  ],
  [
    'inline_ex_oob_break: with SO_OOBINLINE only the last one ends a read',
    [
      ['urge', 'abcD', true],
      ['urge', 'efG', true],
      ['send', 'hi', true],
      ['inline'],
      ['read', 10, 'abcDef', true],
      ['read', 3, 'Ghi', false],
    ],
    'end',
  ],
  [
    'inline_ex_oob_no_drop: SO_OOBINLINE set between two loses neither',
    [['urge', 'X', true], ['inline'], ['urge', 'Y', true], ['read', 1, 'X', true], ['read', 1, 'Y', false]],
    'end',
  ],
  [
    'inline_ex_oob_drop: SO_OOBINLINE set behind two loses neither',
    [['urge', 'X', true], ['urge', 'Y', true], ['inline'], ['read', 1, 'X', true], ['read', 1, 'Y', false]],
    'end',
  ],
  [
    'inline_ex_oob_siocatmark: with SO_OOBINLINE too a read may end at the place of one that was read',
    [['urge', 'abcD', true], ['read urgent', 'D', false], ['inline'], ['urge', 'efgH', true], ['read', 3, 'abc', true]],
    'ECONNRESET',
  ],
];
