/** A rule of the queues, broken in its source text: `npm run test:mutations` shows that the schedules find each. */
export interface BrokenRule {
  readonly broken: string;
  /** From the model's folder, which is where `BrokenCopy` starts from. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const BUNDLE = '../../stream/receive/bundle.ts';
const RECEIVE_QUEUE = '../../stream/receive/receive-queue.ts';
const FRAME_READER = '../../stream/receive/frame-reader.ts';
const CLAIM_POLICY = '../../stream/receive/claim-policy.ts';
const SEND_QUEUE = '../../stream/send/send-queue.ts';

export const BROKEN_RULES: readonly BrokenRule[] = [
  {
    broken: 'the anchor is the other end of the window',
    file: BUNDLE,
    from: "return anchor === 'last-byte' ? window.end - 1 : window.start;",
    to: "return anchor === 'last-byte' ? window.start : window.end - 1;",
  },
  {
    broken: 'descriptors in order are given twice',
    file: RECEIVE_QUEUE,
    from: 'bundle.fds.splice(0, count - fds.length)',
    to: 'bundle.fds.slice(0, count - fds.length)',
  },
  {
    broken: 'the descriptors of a segment with plain bytes in front are dropped',
    file: RECEIVE_QUEUE,
    from: 'const plain = fds.length === 0 && truncated === false;',
    to: 'const plain = (fds.length === 0 && truncated === false) || bytes.length > 2;',
  },
  {
    broken: 'descriptors in order are taken from behind the end of the frame',
    file: RECEIVE_QUEUE,
    from: 'if (bundle === undefined || bundle.window.start >= frame.end) break;',
    to: 'if (bundle === undefined) break;',
  },
  {
    broken: 'what stands behind a truncated bundle is counted off',
    file: RECEIVE_QUEUE,
    from: '      if (bundle.truncated !== false) break;\n',
    to: '      if (bundle.truncated !== false) { this.#bundles.shift(); continue; }\n',
  },
  {
    broken: 'a message is thought to end with what was read of it',
    file: RECEIVE_QUEUE,
    from: 'const reach = this.#end + rest;',
    to: 'const reach = this.#end;',
  },
  {
    broken: 'the frame that may have lost its descriptors to the one before is not marked',
    file: FRAME_READER,
    from: 'return start < this.#queue.doubtUntil;',
    to: 'return false;',
  },
  {
    broken: 'nor where it has none at all',
    file: FRAME_READER,
    from: "typeof fds !== 'number' && this.#doubted(range)",
    to: 'false',
  },
  {
    broken: 'plain bytes in front are a doubt',
    file: FRAME_READER,
    from: 'claim.reach > range.end ||',
    to: 'claim.reach > range.end - 1 ||',
  },
  {
    broken: 'a message that goes on behind the frame is none',
    file: FRAME_READER,
    from: 'claim.reach > range.end ||',
    to: '',
  },
  {
    broken: 'the frame in which a message ends is not marked, if it began before',
    file: FRAME_READER,
    from: 'claim.begunBefore ||',
    to: '',
  },
  {
    broken: 'nor the frames that it passes',
    file: FRAME_READER,
    from: '|| this.#queue.passes(range.end);',
    to: ';',
  },
  {
    broken: 'large reads give descriptors to the frame in which their message begins',
    file: FRAME_READER,
    from: "fds === 'attached' && this.#greedy ? this.#queue.claimEnding(range) : ",
    to: '',
  },
  {
    broken: 'what is ahead is not looked at',
    file: FRAME_READER,
    from: "return this.#greedy ? 'contents' : 'ends';",
    to: "return 'nothing';",
  },
  {
    broken: 'frames in front of descriptors are read together with theirs',
    file: FRAME_READER,
    from: "(look === 'contents' && queue.ahead.length > 0)",
    to: 'false',
  },
  {
    broken: 'what remains of a message is thought to be another one',
    file: '../model-look-ahead.ts',
    from: 'return this.#plain;',
    to: 'return 0;',
  },
  {
    broken: 'descriptors that came too long ago are kept',
    file: RECEIVE_QUEUE,
    from: 'if (anchorOffset(bundle) >= offset) break;',
    to: 'break;',
  },
  {
    broken: 'descriptors that came just in time are refused',
    file: RECEIVE_QUEUE,
    from: 'if (anchorOffset(bundle) >= offset) break;',
    to: 'if (anchorOffset(bundle) > offset) break;',
  },
  {
    broken: 'bounded reads ask for a byte more',
    file: FRAME_READER,
    from: 'return Math.max(0, this.#measure.length - this.#queue.length);',
    to: 'return this.#measure.length > this.#queue.length ? this.#measure.length - this.#queue.length + 1 : 0;',
  },
  {
    broken: 'a frame that lacks descriptors is handed out',
    file: CLAIM_POLICY,
    from: 'came + closedEarly < declared && arrived.truncated === false',
    to: 'false',
  },
  {
    broken: 'a count is filled from the bundles of other frames',
    file: FRAME_READER,
    from: ': this.#queue.claimAttached(range);',
    to: ": fds === 'attached' ? this.#queue.claimAttached(range) : this.#queue.claimInOrder(fds, { ...range, end: Infinity });",
  },
  {
    broken: 'a guess is not said to be one',
    file: FRAME_READER,
    from: 'const ambiguous = guessed && (reachesOut || this.#doubted(range));',
    to: 'const ambiguous = false;',
  },
  {
    broken: 'descriptors are sent again with the rest of a message',
    file: SEND_QUEUE,
    from: 'at < groups ? groupAt(at) : NO_FDS',
    to: 'at <= groups && at < frame.bytes.length ? groupAt(0) : NO_FDS',
  },
  {
    broken: 'a frame leaves the queue before its last byte',
    file: SEND_QUEUE,
    from: 'if (frame.sent < length) break;',
    to: 'if (frame.sent < length - 1) break;',
  },
  {
    broken: 'bytes that were sent are not counted',
    file: SEND_QUEUE,
    from: 'frame.sent += counted;',
    to: 'frame.sent += remaining > counted ? counted : 0;',
  },
];
