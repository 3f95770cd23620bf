import { isUtf8 } from 'node:buffer';
import {
  AncillaryError,
  DEFAULT_MAX_DEPTH,
  describeValue,
  invalidType,
  isDeeper,
  type OptionNames,
  outOfRange,
  type OwnedFd,
  requireMaxDepth,
  requireObject,
  requireOptions,
} from '../binding';
import { type FdLike, type FdFrame, type FrameCodec, MAX_FDS_PER_SENDMSG, refuseAsFactory } from '../stream';
import { delimited } from './delimited';
import { doubtOf, type InDoubt, requireFds, requireFrame } from './payload';

export interface VarlinkMessagesOptions {
  /**
   * The longest message, in bytes of JSON, that is received or sent; default 1 MiB. systemd takes 16 MiB, of which `JSON.parse()`
   * may keep the event loop for seconds.
   */
  maxLength?: number | undefined;
  /** How deep arrays and objects in a message may be nested, checked before it is parsed; default 256. */
  maxDepth?: number | undefined;
}

const OPTIONS: OptionNames<VarlinkMessagesOptions> = { maxLength: true, maxDepth: true };

/** A call, which has a `method`, or a reply, which has none. What else stands in it is passed over. */
export interface VarlinkBody {
  /** Interface and method, such as 'io.systemd.UserDatabase.GetUserRecord'. */
  method?: string | undefined;
  parameters?: Readonly<Record<string, unknown>> | null | undefined;
  /** Of a call: nobody waits for a reply. */
  oneway?: boolean | undefined;
  /** Of a call: several replies may come. */
  more?: boolean | undefined;
  /** Of a call: after the reply the connection speaks another protocol. */
  upgrade?: boolean | undefined;
  /** Of a reply: another one follows. */
  continues?: boolean | undefined;
  /** Of a reply: the name of an error, such as 'org.varlink.service.MethodNotFound'. */
  error?: string | undefined;
}

/** A received message; whoever receives it owns the descriptors. */
export interface VarlinkMessage extends InDoubt {
  body: VarlinkBody;
  fds: OwnedFd[];
}

/** A message to send; the descriptors are borrowed. */
export interface OutgoingVarlinkMessage {
  body: VarlinkBody;
  fds?: readonly FdLike[] | undefined;
}

/** As many bytes of JSON as are parsed in a tenth of a second or so, whatever is in them. */
const LONGEST_PARSED = 2 ** 20;

const STRINGS = ['method', 'error'] as const;
const FLAGS = ['oneway', 'more', 'upgrade', 'continues'] as const;

/**
 * Messages of Varlink: objects of JSON that each end with a zero byte (https://varlink.org/Method-Call). The specification
 * has no descriptors. systemd's sd-varlink lets them come with the first byte of their message, and sends them in a sendmsg
 * that ends with it, perhaps with others in front, which are then all marked; which of its parameters means which descriptor
 * each method says.
 *
 * sd-varlink gives descriptors to the first message of what one recvmsg of its own returns (systemd issue 43823): to a
 * systemd service, send a message with descriptors when the replies to all before have come.
 *
 * @throws TypeError and RangeError for options. Its `measure` throws ERR_FRAME_TOO_LARGE, its `decode` ERR_FRAME_INVALID for
 * what is no message of Varlink. Its `encode` throws the same, and RangeError for what is nested too deep and for
 * more than 253 descriptors, which cannot all come with a first byte.
 */
export function varlinkMessages(
  options: VarlinkMessagesOptions = {},
): FrameCodec<VarlinkMessage, OutgoingVarlinkMessage> {
  refuseAsFactory('varlinkMessages', options);
  requireOptions('varlinkMessages()', options, OPTIONS);
  const { maxLength = LONGEST_PARSED, maxDepth = DEFAULT_MAX_DEPTH } = options;
  requireMaxDepth(maxDepth);
  const messages = delimited({ delimiter: '\0', maxLength });
  return {
    ...messages,
    fdsPerSend: MAX_FDS_PER_SENDMSG,

    decode(frame) {
      const body = parse(requireFrame(frame), maxDepth);
      return { body, fds: frame.fds.splice(0), ...doubtOf(frame) };
    },

    encode(message) {
      requireObject('a message', message);
      const { body, fds = [] } = message;
      requireFds(fds);
      if (fds.length > MAX_FDS_PER_SENDMSG)
        throw outOfRange(`a message of Varlink has at most ${MAX_FDS_PER_SENDMSG} descriptors, not ${fds.length}`);
      if ((body as unknown) === undefined)
        throw invalidType(
          'encode() takes { body, fds }: method, parameters and the like stand in body, which is missing',
        );
      const wrong = problemOf(body);
      if (wrong !== undefined) throw invalidType(`body of a message to encode ${wrong}`);
      // JSON writes a zero byte as \u0000.
      const text = textOf(body);
      // What a peer like this one would refuse, with the connection, is refused here alone.
      if (isDeeper(text, maxDepth))
        throw outOfRange(`a message is nested deeper than ${maxDepth} arrays and objects; nothing was sent`);
      return messages.encode({ bytes: Buffer.from(text), fds });
    },
  };
}

/** @throws TypeError for what JSON cannot write */
function textOf(body: VarlinkBody): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    // Only now, since it takes twice as long.
    const wrong = bigIntIn(body);
    const why = wrong === undefined ? String(cause) : `${wrong} is a BigInt; give a number or a string`;
    throw Object.assign(invalidType(`body of a message to encode cannot be written as JSON: ${why}`), { cause });
  }
}

/** The name of the member, or the place in an array, that first is one. */
function bigIntIn(body: VarlinkBody): string | undefined {
  let found: string | undefined;
  try {
    JSON.stringify(body, (name, value: unknown) => {
      if (typeof value === 'bigint') found ??= name;
      return typeof value === 'bigint' ? null : value;
    });
  } catch {
    // A circle, or a toJSON() that throws, which was met before.
  }
  return found;
}

/** @throws ERR_FRAME_INVALID */
function parse({ bytes, range }: FdFrame, maxDepth: number): VarlinkBody {
  const content = bytes.subarray(0, -1);
  let body: unknown;
  try {
    if (!isUtf8(content)) throw new SyntaxError('its bytes are not UTF-8');
    const text = content.toString();
    if (isDeeper(text, maxDepth)) throw new SyntaxError(`its arrays and objects are nested deeper than ${maxDepth}`);
    body = JSON.parse(text);
  } catch (error) {
    throw invalid(range, `is no JSON: ${(error as Error).message}`, error);
  }
  const wrong = problemOf(body);
  if (wrong !== undefined) throw invalid(range, wrong);
  return body as VarlinkBody;
}

/** What keeps a value from being a message of Varlink, if anything. */
function problemOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return `is no object: ${describeValue(body)}`;
  const fields = body as Readonly<Record<string, unknown>>;
  for (const name of STRINGS) {
    if (given(fields[name]) && typeof fields[name] !== 'string') return `has no string as its ${name}`;
  }
  for (const name of FLAGS) {
    if (given(fields[name]) && typeof fields[name] !== 'boolean') return `has neither true nor false as its ${name}`;
  }
  const { parameters } = fields;
  if (given(parameters) && (typeof parameters !== 'object' || Array.isArray(parameters)))
    return 'has no object as its parameters';
  return undefined;
}

/** Some write null for what is not there. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function invalid({ start, end }: { start: number; end: number }, what: string, cause?: unknown): AncillaryError {
  return new AncillaryError('ERR_FRAME_INVALID', `the message at bytes ${start} to ${end} ${what}`, { cause });
}
