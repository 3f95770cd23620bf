import { type Credentials, MSG_OOB, type SendMessage } from '../../packages/binding-model/kernel';
import { attempt, type Entry } from './entry';
import type { Claim, Step } from './program';
import { stretches } from './stretches';
import type { World } from './world';

/** Bytes without a pattern, so that no stretch of what was sent can pass for another. */
const CONTENT = content(1 << 20);
/** No process has this number: it is beyond the largest there can be. */
const NO_PROCESS = 0x7fff_ffff;

/** Sends for a program: each message goes on in the content where the one before it ended. */
export class Sender {
  readonly #world: World;
  #sent = 0;

  constructor(world: World) {
    this.#world = world;
  }

  send({ on, length, rights, claim, flags }: Extract<Step, { call: 'sendmsg' }>): Entry {
    const world = this.#world;
    const { fd, socket } = world.target(on);
    const fds = rights.map((each) => world.rights(each, socket));
    const message: SendMessage = {
      bytes: this.#content(length),
      fds,
      flags,
      ...(claim === undefined ? {} : { credentials: credentialsOf(claim, world) }),
    };
    return attempt(`sendmsg(${world.numberOf(fd)}, ${describe(message, world)})`, () => {
      const taken = world.machine.calls.sendmsg(fd, message);
      return { result: `${taken}`, met: [...occurrences(message, taken)] };
    });
  }

  #content(length: number): Uint8Array {
    const start = this.#sent % (CONTENT.length - length);
    this.#sent += length;
    return CONTENT.subarray(start, start + length);
  }
}

function credentialsOf({ process, uid }: Claim, { machine }: World): Credentials {
  const pid = { own: machine.pid, another: machine.otherPid, none: NO_PROCESS }[process];
  return { pid, uid: uid ?? machine.uid, gid: machine.gid };
}

function describe({ bytes, fds = [], credentials, flags = 0 }: SendMessage, world: World): string {
  const parts = [`${bytes.length} bytes`];
  if (credentials !== undefined) parts.push(world.describeCredentials(credentials));
  for (const list of fds) parts.push(describeList(list, world));
  if ((flags & MSG_OOB) !== 0) parts.push('MSG_OOB');
  return parts.join(', ');
}

/** The same again is counted: `[2 3*252]`. */
function describeList(fds: readonly number[], world: World): string {
  const parts = stretches(fds, (fd, before) => fd === before).map(({ length, 0: fd = -1 }) => {
    return length === 1 ? world.numberOf(fd) : `${world.numberOf(fd)}*${length}`;
  });
  return `[${parts.join(' ')}]`;
}

function* occurrences({ bytes, fds = [], credentials, flags = 0 }: SendMessage, taken: number): Iterable<string> {
  const count = fds.flat().length;
  if (count > 0) yield 'sends with descriptors';
  if (count === 253) yield 'sends with 253 descriptors';
  if (fds.length > 1) yield 'sends with several lists';
  if (count > 0 && taken === 0) yield 'sends of descriptors without bytes';
  if (taken < bytes.length) yield 'partial writes';
  if (count > 0 && taken < bytes.length) yield 'partial writes with descriptors';
  if ((flags & MSG_OOB) !== 0) yield 'sends out of band';
  if (credentials !== undefined) yield 'sends with credentials';
}

/** The numbers of a xorshift generator. */
function content(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}
