/** Wayland Protocol, "Wire Format". */
export type WaylandArgumentType = 'int' | 'uint' | 'fixed' | 'string' | 'object' | 'new_id' | 'array' | 'fd';

export interface WaylandArgument {
  readonly name: string;
  readonly type: WaylandArgumentType;
  /** Of an object; without it a `new_id` says on the wire what it is, as that of `wl_registry.bind` does. */
  readonly interface?: string | undefined;
  /** Whether a string or an object may be null. */
  readonly allowNull?: boolean | undefined;
}

/** A request or an event. Its opcode is its place among those of its interface. */
export interface WaylandSignature {
  readonly name: string;
  readonly arguments: readonly WaylandArgument[];
}

export interface WaylandInterface {
  /** What a client may ask its objects. */
  readonly requests: readonly WaylandSignature[];
  /** What the server may tell of them. */
  readonly events: readonly WaylandSignature[];
}

/** Interfaces by name, as `waylandProtocol()` reads them from XML. It is plain data, which JSON can keep. */
export type WaylandProtocol = Readonly<Record<string, WaylandInterface>>;
