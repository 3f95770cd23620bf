import type { CodecFactory, FrameCodec } from '../../packages/ancillary';
import {
  contentLength,
  dbusMessages,
  delimited,
  lengthPrefixed,
  varlinkMessages,
  vhostUserMessages,
  waylandMessages,
} from '../../packages/codec';
import { jsonValues } from '../../packages/rpc';
import { PROTOCOL } from './wayland-protocol';

const wayland: CodecFactory<unknown, never> = waylandMessages(PROTOCOL, 'client');

it.each<[string, FrameCodec<unknown, never>]>([
  ['lengthPrefixed()', lengthPrefixed()],
  ['lengthPrefixed({ acknowledge })', lengthPrefixed({ acknowledge: true })],
  ['delimited()', delimited()],
  ['contentLength()', contentLength()],
  ['dbusMessages()', dbusMessages()],
  ['varlinkMessages()', varlinkMessages()],
  ['vhostUserMessages()', vhostUserMessages()],
  ['waylandMessages()', wayland({ socket: {} as never })],
  ['jsonValues()', jsonValues()],
])('decode() of %s says what it takes, where that is given something else', (_name, codec) => {
  for (const given of [Buffer.from('the bytes alone'), 'text', undefined, null, { bytes: Buffer.alloc(9) }])
    expect(() => codec.decode(given as never)).toThrow(
      /^decode\(\) takes a frame, as frames\(\) and receive\(\) return it, not /,
    );
});
