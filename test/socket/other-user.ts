import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Child, python } from '../support/children';

export interface OtherUser {
  readonly uid: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
}

/** A new directory that everybody may search. Whoever made it removes it. */
export function publicDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ancillary-public-'));
  fs.chmodSync(directory, 0o755);
  return directory;
}

/** Becomes somebody else, with `address` of a path or, after '@', an abstract name in `where`. */
function prelude({ uid, gid = 65_534, groups = [] }: OtherUser, address: string): string {
  return `
import os, signal, socket, sys, array
os.setgroups(${JSON.stringify(groups)}); os.setgid(${gid}); os.setuid(${uid})
where = ${JSON.stringify(address)}
if where.startswith('@'): where = '\\0' + where[1:]
s = socket.socket(socket.AF_UNIX)
`;
}

/** A client of another user: it sends a byte, says so, and then says what it reads, and 'closed' at the end or a reset. */
export function clientAs(user: OtherUser, address: string): Child {
  return python(`${prelude(user, address)}
s.connect(where)
try: s.send(b'x')
except OSError: pass
print('sent', flush=True)
try: print(s.recv(100).decode() or 'closed', flush=True)
except ConnectionError: print('closed', flush=True)
`);
}

/** A server of another user that says 'ready', and then what the first client sent before it left. */
export function serverAs(user: OtherUser, address: string): Child {
  return python(`${prelude(user, address)}
s.bind(where); s.listen()
if not where.startswith('\\0'): os.chmod(where, 0o666)
print('ready', flush=True)
while True:
    c, _ = s.accept()
    try: print(repr(c.recv(100).decode()), flush=True)
    except ConnectionError: print('reset', flush=True)
`);
}
