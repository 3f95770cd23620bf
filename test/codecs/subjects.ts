import { contentLength, delimited, lengthPrefixed, varlinkMessages, vhostUserMessages } from '../../packages/codec';
import { dbus } from './dbus';
import { json } from './json-values';
import { noise, oneOf, type Random, someFds, someLength, type Subject } from './subject';
import { wayland } from './wayland';

const MOST_BYTES = 6000;
const MOST_FDS = 40;

/** As a peer writes them, which has not our encoders. */
function lines(name: string, delimiter: string, letters: string): Subject {
  return {
    name,
    codec: () => delimited({ delimiter, maxLength: MOST_BYTES }),
    frames: (random) => () => {
      const text = Array.from(
        { length: someLength(random, MOST_BYTES) },
        () => letters[random(0, letters.length - 1)] ?? '',
      );
      return { bytes: Buffer.from(`${text.join('')}${delimiter}`), fds: someFds(random, MOST_FDS) };
    },
    hostile: (random) => Buffer.alloc(random(1, 4 * MOST_BYTES), delimiter.slice(0, -1) || 'x'),
    senders: ['own bytes', 'last byte'],
    longest: MOST_BYTES + delimiter.length,
  };
}

const counted: Subject = {
  name: 'delimited, with a count',
  // The number of descriptors is the first letter of a message.
  codec: () => delimited({ delimiter: '\0', maxLength: MOST_BYTES, fds: ([first = 0]) => first % 32 }),
  frames: (random) => () => {
    const fds = someFds(random, 31);
    const rest = Buffer.alloc(someLength(random, MOST_BYTES - 1), 'x');
    return { bytes: Buffer.concat([Buffer.of(64 + fds), rest, Buffer.of(0)]), fds };
  },
  hostile: (random) => Buffer.of(random(65, 95), 0),
  senders: ['own bytes'],
  longest: MOST_BYTES + 1,
};

function prefixed(countBytes: 0 | 2): Subject {
  const codec = lengthPrefixed({ countBytes, maxLength: MOST_BYTES });
  return {
    name: `lengthPrefixed, ${countBytes === 0 ? 'descriptors attached' : 'with a count'}`,
    codec: () => codec,
    frames: (random) => () => {
      const fds = someFds(random, MOST_FDS);
      const { bytes } = codec.encode({
        bytes: noise(random, someLength(random, MOST_BYTES)),
        fds: Array.from({ length: fds }, () => 0),
      });
      return { bytes, fds };
    },
    hostile: (random) => Buffer.concat([hugeNumber(random), noise(random, countBytes)]),
    senders: countBytes === 0 ? ['own bytes', 'first byte'] : ['own bytes'],
    longest: MOST_BYTES + 6,
  };
}

function languageServer(countField: string | undefined): Subject {
  return {
    name: `contentLength${countField === undefined ? '' : ', with a count'}`,
    codec: () => contentLength({ maxLength: MOST_BYTES, countField }),
    frames: (random) => () => {
      const fds = someFds(random, MOST_FDS);
      const content = noise(random, someLength(random, MOST_BYTES));
      const fields = [
        `${oneOf(random, ['Content-Length', 'content-length'])}:${oneOf(random, [' ', '', '\t'])}${content.length}`,
        'Content-Type: application/vscode-jsonrpc; charset=utf-8',
        ...(countField === undefined || fds === 0 ? [] : [`${countField}: ${fds}`]),
      ];
      if (random(0, 1) === 0) fields.reverse();
      return { bytes: Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\n\r\n`), content]), fds };
    },
    hostile: (random) =>
      Buffer.from(
        oneOf(random, [
          `Content-Length: ${'9'.repeat(random(5, 20))}\r\n\r\n`,
          `Content-Length: -1\r\n\r\n`,
          `Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
          `Content-Length: 1\r\nFds: ${'9'.repeat(random(2, 20))}\r\n\r\nx`,
          'Fds: 1\r\n\r\n',
          'x'.repeat(5000),
          '\r'.repeat(5000),
        ]),
      ),
    senders: countField === undefined ? ['own bytes', 'last byte'] : ['own bytes'],
    longest: 4096 + 4 + MOST_BYTES,
  };
}

const varlink: Subject = {
  name: 'varlinkMessages',
  codec: () => varlinkMessages({ maxLength: MOST_BYTES }),
  frames: (random) => () => {
    const padding = 'é'.repeat(someLength(random, 2500));
    const body = oneOf<object>(random, [
      { method: 'org.example.Open', parameters: { padding }, more: random(0, 1) === 0 },
      { parameters: { padding }, continues: true },
      { error: 'org.example.Failed', parameters: { padding: [[padding]] } },
      {},
    ]);
    return { bytes: Buffer.from(`${JSON.stringify(body)}\0`), fds: someFds(random, MOST_FDS) };
  },
  hostile: (random) =>
    Buffer.from(
      oneOf(random, [
        '\0',
        '{"method":3}\0',
        '{"parameters":[]}\0',
        '{"__proto__":{"method":1}}\0',
        `${'['.repeat(3000)}\0`,
        `${'{"a":'.repeat(1000)}\0`,
        '"\\ud800"\0',
        `{"a":${'9'.repeat(5000)}}\0`,
        'x'.repeat(2 * MOST_BYTES),
      ]),
    ),
  senders: ['own bytes', 'last byte'],
  longest: MOST_BYTES + 1,
};

const vhostUser: Subject = {
  name: 'vhostUserMessages',
  codec: () => vhostUserMessages({ maxLength: MOST_BYTES }),
  frames: (random) => () => {
    const payload = noise(random, someLength(random, MOST_BYTES));
    const header = Uint32Array.of(random(1, 44), 1 | (random(0, 3) << 2), payload.length);
    return { bytes: Buffer.concat([new Uint8Array(header.buffer), payload]), fds: someFds(random, 8) };
  },
  hostile: (random) =>
    Buffer.concat([noise(random, 4), oneOf(random, [Buffer.of(1, 0, 0, 0), noise(random, 4)]), hugeNumber(random)]),
  senders: ['own bytes', 'first byte'],
  longest: MOST_BYTES + 12,
};

/** 32 bits that say much in either order of bytes. */
function hugeNumber(random: Random): Buffer {
  return oneOf(random, [
    Buffer.alloc(4, 0xff),
    Buffer.of(0x7f, 0xff, 0xff, 0x7f),
    Buffer.of(0x80, 0, 0, 0x80),
    noise(random, 4),
  ]);
}

/** All codecs that are tried. A new one is entered here, in a file of its own where it takes more than a few lines. */
export const subjects: readonly Subject[] = [
  prefixed(2),
  prefixed(0),
  lines('delimited by a newline', '\n', 'ab\r\0{}'),
  lines('delimited by CRLF CRLF', '\r\n\r\n', 'ab\n'),
  counted,
  languageServer(undefined),
  languageServer('Fds'),
  varlink,
  vhostUser,
  dbus,
  json,
  wayland,
];
