import type { Random } from './random';

/** What can go wrong in a receive, by what the caller sees of it. */
const RECEIVE_FAULTS = ['short-read', 'eagain', 'eintr', 'emfile', 'reset', 'eof'] as const;
/** The same for a send. */
const SEND_FAULTS = ['short-write', 'eagain', 'eintr', 'etoomanyrefs', 'reset'] as const;

export type ReceiveFault = (typeof RECEIVE_FAULTS)[number];
export type SendFault = (typeof SEND_FAULTS)[number];
export type FaultName = ReceiveFault | SendFault;

/** A fault at one place. It happens once. */
export interface Fault {
  readonly what: FaultName;
  /**
   * Where: in front of the byte at this offset of what the socket receives (or sends, for faults of sending), or at a
   * system call, by its number, counted for each socket and direction from 0.
   */
  readonly at: number | { readonly byte: number } | { readonly message: number };
  /** Which socket of the pair; default: the one that gets there first. */
  readonly socket?: 0 | 1;
}

/** Faults everywhere: each system call has this chance of one. */
export interface FaultRate {
  readonly rate: number;
  /** Default: those that a program has to bear without losing anything. */
  readonly what?: readonly FaultName[];
}

/** A list of single faults, or a rate from 0 to 1. */
export type Faults = readonly Fault[] | FaultRate | number;

const HARMLESS: readonly FaultName[] = ['short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs'];

interface Place {
  readonly socket: 0 | 1;
  /** Offset of the next byte in this direction. */
  readonly byte: number;
  /** Number of the system call in this direction. */
  readonly message: number;
}

/** The faults of one pair of sockets, for all directions; each of a list is used up when it happens. */
export class FaultPlan {
  readonly #left: Set<Fault>;
  readonly #rate: number;
  readonly #random: readonly FaultName[];

  constructor(faults: Faults = []) {
    const list = isList(faults) ? faults : [];
    const { rate, what = HARMLESS } = isList(faults) ? { rate: 0 } : asRate(faults);
    this.#left = new Set(list);
    this.#rate = rate;
    this.#random = what;
  }

  receive(place: Place, random: Random): ReceiveFault | undefined {
    return this.#next(RECEIVE_FAULTS, place, random);
  }

  send(place: Place, random: Random): SendFault | undefined {
    return this.#next(SEND_FAULTS, place, random);
  }

  /** How many bytes may be received at most, for the next fault at a byte to come in front of that byte. */
  untilReceiveFault(place: Place): number {
    return this.#until(RECEIVE_FAULTS, place);
  }

  untilSendFault(place: Place): number {
    return this.#until(SEND_FAULTS, place);
  }

  #next<Name extends FaultName>(names: readonly Name[], place: Place, random: Random): Name | undefined {
    for (const fault of this.#left) {
      const name = names.find((each) => each === fault.what);
      if (name === undefined || !isHere(fault, place)) continue;
      this.#left.delete(fault);
      return name;
    }
    if (this.#rate === 0 || !random.chance(this.#rate)) return undefined;
    return random.pick(names.filter((name) => this.#random.includes(name)));
  }

  #until(names: readonly FaultName[], place: Place): number {
    let nearest = Infinity;
    for (const fault of this.#left) {
      const byte = byteOf(fault);
      if (byte === undefined || byte <= place.byte || !concerns(fault, place) || !names.includes(fault.what)) continue;
      nearest = Math.min(nearest, byte - place.byte);
    }
    return nearest;
  }
}

function isHere(fault: Fault, place: Place): boolean {
  if (!concerns(fault, place)) return false;
  const byte = byteOf(fault);
  if (byte !== undefined) return byte === place.byte;
  return typeof fault.at === 'object' && 'message' in fault.at && fault.at.message === place.message;
}

function concerns(fault: Fault, place: Place): boolean {
  return fault.socket === undefined || fault.socket === place.socket;
}

function byteOf({ at }: Fault): number | undefined {
  if (typeof at === 'number') return at;
  return 'byte' in at ? at.byte : undefined;
}

function isList(faults: Faults): faults is readonly Fault[] {
  return Array.isArray(faults);
}

function asRate(faults: FaultRate | number): FaultRate {
  return typeof faults === 'number' ? { rate: faults } : faults;
}
