import { type ModelSocketPair, modelSocketPair, type ModelSocketPairOptions } from '../../packages/ancillary/testing';
import { lengthPrefixed } from '../../packages/codec';

/** What one socket sent to the other, and how that went. */
export interface Delivery {
  readonly pair: ModelSocketPair;
  /** Frames as they came: their payload, and the files of their descriptors. */
  readonly frames: readonly (readonly [text: string, files: readonly string[], truncated: boolean])[];
  /** How reading ended: `'end'`, or the code of the error. */
  readonly end: string;
  /** How each send ended: `'sent'`, or the code of the error; and on the model's clock when, in milliseconds. */
  readonly sends: readonly (readonly [how: string, at: number])[];
  /** How many bytes had left when the last `send()` returned. */
  readonly atOnce: number;
}

/** Where the frames of {@link deliver} begin: `plain`, `two` with two descriptors, `none`, `one` with one. */
export const START = { plain: 0, two: 11, none: 20, one: 30, end: 39 };
export const FILES = ['a', 'b', 'c'];

const codec = lengthPrefixed();
const MESSAGES = [
  { text: 'plain', files: [] },
  { text: 'two', files: ['a', 'b'] },
  { text: 'none', files: [] },
  { text: 'one', files: ['c'] },
];

/** Sends four small frames from socket 0 to socket 1, all at once, and ends. Both sockets are destroyed. */
export async function deliver(options: ModelSocketPairOptions): Promise<Delivery> {
  const pair = modelSocketPair(options);
  const [sender, receiver] = pair;
  const sends: [string, number][] = [];
  const sending = MESSAGES.map(async ({ text, files }, index) => {
    const payload = { bytes: Buffer.from(text), fds: files.map((file) => pair.world.open(file)) };
    const { bytes, fds } = codec.encode(payload);
    const how = await sender.send(bytes, fds, { transfer: true }).then(() => 'sent', codeOf);
    sends[index] = [how, pair.world.now];
  });
  const atOnce = Math.max(0, ...pair.world.timeline.map(({ end }) => end));
  sender.end();
  const frames: [string, string[], boolean][] = [];
  const reading = (async () => {
    for await (const frame of receiver.frames(codec)) {
      const { truncated } = frame;
      const { bytes, fds } = codec.decode(frame);
      frames.push([bytes.toString(), fds.map((fd) => pair.world.identity(fd)), truncated]);
      for (const fd of fds) fd.close();
    }
  })().then(() => 'end', codeOf);
  const [end] = await Promise.all([reading, ...sending]);
  for (const socket of pair) socket.destroy();
  await pair.world.idle();
  return { pair, frames, end, sends, atOnce };
}

/** The stretches of the stream that the calls of one name took. */
export function stretches({ pair }: Delivery, what: 'sendmsg' | 'recvmsg'): [number, number][] {
  const taken = pair.world.timeline.filter((event) => event.what === what && event.end > event.start);
  return taken.map(({ start, end }) => [start, end]);
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
