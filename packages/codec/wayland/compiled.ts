import { describeValue, invalidType, invalidValue, requireIterable, requireObject } from '../../binding';
import type { WaylandArgument, WaylandArgumentType, WaylandProtocol, WaylandSignature } from './protocol';

/** Object id, and size and opcode. */
export const HEADER_LENGTH = 8;

/** Bytes that each takes at least: a string that is null, and an empty array, have a length alone. */
const LEAST: Readonly<Record<WaylandArgumentType, number>> = {
  int: 4,
  uint: 4,
  fixed: 4,
  string: 4,
  object: 4,
  new_id: 4,
  array: 4,
  // "The file descriptor is not stored in the message buffer, but in the ancillary data."
  fd: 0,
};

export const ARGUMENT_TYPES: ReadonlySet<string> = new Set(Object.keys(LEAST));

/** A signature with what is asked of it for each message. */
export interface CompiledSignature {
  /** The interface it is of. */
  readonly owner: string;
  readonly name: string;
  readonly args: readonly WaylandArgument[];
  /** Descriptors. */
  readonly fds: number;
  /** Bytes of the shortest message, header included. */
  readonly least: number;
  /** Whether there are longer ones. */
  readonly varies: boolean;
  /** Whether it makes objects. */
  readonly makes: boolean;
  /** Whether it is `wl_display.delete_id`, which frees the id of an object. */
  readonly frees: boolean;
}

export interface CompiledInterface {
  readonly name: string;
  readonly requests: readonly CompiledSignature[];
  readonly events: readonly CompiledSignature[];
}

export type Interfaces = ReadonlyMap<string, CompiledInterface>;

/** @throws TypeError for what is no protocol, and for one without wl_display, with which every connection begins */
export function compile(protocol: WaylandProtocol): Interfaces {
  requireObject('protocol, which waylandProtocol() reads,', protocol);
  const interfaces = new Map<string, CompiledInterface>();
  for (const [name, { requests, events }] of Object.entries(protocol)) {
    requireIterable(`requests of ${name}`, 'an array', requests);
    requireIterable(`events of ${name}`, 'an array', events);
    const compiled = (each: WaylandSignature): CompiledSignature => compileSignature(name, each);
    interfaces.set(name, { name, requests: requests.map(compiled), events: events.map(compiled) });
  }
  if (!interfaces.has('wl_display')) throw invalidValue('protocol has no wl_display: give wayland.xml, too');
  return interfaces;
}

function compileSignature(owner: string, { name, arguments: args }: WaylandSignature): CompiledSignature {
  requireIterable(`arguments of ${owner}.${name}`, 'an array', args);
  for (const arg of args) requireArgument(`${owner}.${name}`, arg);
  const untyped = args.filter(isUntyped).length;
  return {
    owner,
    name,
    args,
    fds: args.filter(({ type }) => type === 'fd').length,
    // An untyped new_id is a string, a version and the id.
    least: HEADER_LENGTH + args.reduce((sum, { type }) => sum + LEAST[type], 8 * untyped),
    varies: untyped > 0 || args.some(({ type }) => type === 'string' || type === 'array'),
    makes: args.some(({ type }) => type === 'new_id'),
    frees: owner === 'wl_display' && name === 'delete_id',
  };
}

/** Whether it says on the wire what it is. */
export function isUntyped({ type, interface: made }: WaylandArgument): boolean {
  return type === 'new_id' && made === undefined;
}

function requireArgument(owner: string, { name, type }: WaylandArgument): void {
  if (typeof name !== 'string') throw invalidType(`an argument of ${owner} has the name ${describeValue(name)}`);
  if (!ARGUMENT_TYPES.has(type))
    throw invalidValue(`the argument ${name} of ${owner} has the type ${describeValue(type)}`);
}
