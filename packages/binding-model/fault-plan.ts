import { type Fault, type FaultName, type Faults, requireFaults, RECEIVE_FAULTS, SEND_FAULTS } from './faults';
import type { Random } from './random';

/** A system call that is about to be made. */
export interface Place {
  readonly socket: 0 | 1;
  /** Offset of the next byte in this direction. */
  readonly byte: number;
  /** Number of the system call in this direction. */
  readonly message: number;
  /** Whether it has descriptors; of a recvmsg, which may get some, true. */
  readonly descriptors: boolean;
}

interface Call extends Place {
  readonly name: 'recvmsg' | 'sendmsg';
}

const NAMES = { recvmsg: RECEIVE_FAULTS, sendmsg: SEND_FAULTS };
/** They wait for a call with descriptors. */
const ABOUT_DESCRIPTORS: readonly FaultName[] = ['emfile', 'etoomanyrefs'];

/** The faults of one world; each of a list is used up when it happens. */
export class FaultPlan {
  readonly #left: Set<Fault>;
  readonly #rate: number;
  readonly #atRandom: readonly FaultName[];
  /** The calls, by socket and name, whose last one had a random fault: the next has none, so that everything goes on. */
  readonly #spared = new Set<string>();

  /** @throws TypeError, RangeError */
  constructor(faults: Faults = []) {
    const { list, rate, what } = requireFaults(faults);
    // Copies, so that the same object given twice is two faults.
    this.#left = new Set(list.map((fault) => ({ ...fault })));
    this.#rate = rate;
    this.#atRandom = what;
  }

  /** Those of the list that did not happen so far. */
  get left(): Fault[] {
    return [...this.#left];
  }

  /** The fault of a recvmsg. Whether `'emfile'` found descriptors to be about has to be reported by {@link happened}. */
  receive(place: Place, random: Random): Fault | undefined {
    return this.#next({ ...place, name: 'recvmsg' }, random);
  }

  /** The same for a sendmsg. */
  send(place: Place, random: Random): Fault | undefined {
    return this.#next({ ...place, name: 'sendmsg' }, random);
  }

  happened(fault: Fault): void {
    this.#left.delete(fault);
  }

  /** How many bytes may be received at most, for the next fault at a byte to come in front of that byte. */
  untilReceiveFault(place: Place): number {
    return this.#until({ ...place, name: 'recvmsg' });
  }

  untilSendFault(place: Place): number {
    return this.#until({ ...place, name: 'sendmsg' });
  }

  #next(call: Call, random: Random): Fault | undefined {
    const here = this.left.filter((fault) => concerns(fault, call) && isHere(fault, call));
    const fault = here.find(({ what }) => what !== 'emfile') ?? here[0];
    if (fault === undefined) return this.#random(call, random);
    if (fault.what !== 'emfile') this.#left.delete(fault);
    return fault;
  }

  #random(call: Call, random: Random): Fault | undefined {
    if (this.#rate === 0) return undefined;
    const key = `${call.socket} ${call.name}`;
    if (this.#spared.delete(key) || !random.chance(this.#rate)) return undefined;
    const what = random.pick(this.#atRandom.filter((name) => applies(name, call)));
    if (what === undefined) return undefined;
    this.#spared.add(key);
    return { what, at: { message: call.message } };
  }

  #until(call: Call): number {
    let nearest = Infinity;
    for (const fault of this.#left) {
      const byte = byteOf(fault);
      if (byte !== undefined && byte > call.byte && concerns(fault, call))
        nearest = Math.min(nearest, byte - call.byte);
    }
    return nearest;
  }
}

function concerns(fault: Fault, call: Call): boolean {
  if (fault.socket !== undefined && fault.socket !== call.socket) return false;
  if (fault.call !== undefined && fault.call !== call.name) return false;
  return applies(fault.what, call);
}

function applies(what: FaultName, call: Call): boolean {
  const names: readonly FaultName[] = NAMES[call.name];
  return names.includes(what) && (call.descriptors || !ABOUT_DESCRIPTORS.includes(what));
}

function isHere(fault: Fault, call: Call): boolean {
  const byte = byteOf(fault);
  const [wanted, reached] = byte === undefined ? [messageOf(fault), call.message] : [byte, call.byte];
  return ABOUT_DESCRIPTORS.includes(fault.what) ? reached >= wanted : reached === wanted;
}

function byteOf({ at }: Fault): number | undefined {
  if (typeof at === 'number') return at;
  return 'byte' in at ? at.byte : undefined;
}

function messageOf({ at }: Fault): number {
  return typeof at === 'object' && 'message' in at ? at.message : Infinity;
}
