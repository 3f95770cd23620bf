import { invalidType, requireMethods } from '../binding';
import type { CodecConnection, CodecMaker, FrameCodec } from './frame-codec';

type Methods = readonly ('measure' | 'decode' | 'encode')[];

/** The codecs that were made for each socket, so that a way of reading that is left and taken again goes on with its own. */
const made = new WeakMap<object, WeakMap<object, object>>();

/**
 * The codec to use on a connection: the one that was given, or what a factory made for it, once.
 * @param forwardedTo see {@link CodecConnection}
 * @throws TypeError for what has not these methods; what the factory throws
 */
export function codecOf<Socket extends object, In, Out>(
  socket: Socket,
  given: FrameCodec<In, Out> | CodecMaker<Socket, In, Out>,
  methods: Methods,
  forwardedTo?: Socket,
): FrameCodec<In, Out> {
  if (isMaker(given)) return madeBy({ socket, forwardedTo }, given, methods);
  requireCodec(
    'codec',
    given,
    methods,
    isOptions(given) ? ': options come after the codec, which may be undefined' : '',
  );
  return given;
}

/** @param hint what may have been meant */
function requireCodec(name: string, given: unknown, methods: Methods, hint: string): void {
  requireMethods(name, 'a FrameCodec, such as lengthPrefixed()', given, methods, hint);
}

/** Whether it is what stands behind the codec of `frames()`. */
function isOptions(given: object): boolean {
  return Object(given) === given && 'signal' in given;
}

/** What factories are called with. */
const connections = new WeakSet<object>();

/**
 * For functions that make codecs of options.
 * @param name such as `lengthPrefixed`
 * @throws TypeError where it was given for a codec, and so is called with a connection
 */
export function refuseAsFactory(name: string, given: unknown): void {
  if (typeof given === 'object' && given !== null && connections.has(given))
    throw invalidType(`codec is a FrameCodec, such as ${name}() returns, not the function ${name} itself: call it`);
}

/** A class is none: whoever gives it has forgotten to make an instance. */
function isMaker<Socket, In, Out>(
  given: FrameCodec<In, Out> | CodecMaker<Socket, In, Out>,
): given is CodecMaker<Socket, In, Out> {
  if (typeof given !== 'function' || 'measure' in given) return false;
  return !Function.prototype.toString.call(given).startsWith('class');
}

function madeBy<Socket extends object, In, Out>(
  connection: CodecConnection<Socket>,
  maker: CodecMaker<Socket, In, Out>,
  methods: Methods,
): FrameCodec<In, Out> {
  const { socket } = connection;
  let ofSocket = made.get(socket);
  // Under a maker there is nothing but what it made.
  let codec = ofSocket?.get(maker) as FrameCodec<In, Out> | undefined;
  if (codec === undefined) {
    connections.add(connection);
    codec = maker(connection);
    const returned = codec as unknown;
    const hint = returned === undefined ? ': a function given as codec makes one for the connection' : '';
    requireCodec('the codec that was made', returned, methods, hint);
    if (ofSocket === undefined) made.set(socket, (ofSocket = new WeakMap()));
    ofSocket.set(maker, codec);
  }
  return codec;
}
