/** A message of D-Bus for tests: right unless a test says otherwise. */
export interface TestMessage {
  readonly littleEndian?: boolean;
  readonly type?: number;
  readonly flags?: number;
  readonly version?: number;
  readonly serial?: number;
  /** In the order given: code, type, value. */
  readonly fields?: readonly TestField[];
  readonly body?: Uint8Array;
  /** Announced in place of what is true. */
  readonly bodyLength?: number;
  readonly fieldsLength?: number;
}

/** A value of a type 's', 'o', 'g' or 'u'; or bytes that are the value of any type. */
export type TestField = readonly [code: number, type: string, value: string | number | Uint8Array];

export const CALL: readonly TestField[] = [
  [1, 'o', '/a/path'],
  [2, 's', 'an.Interface'],
  [3, 's', 'Member'],
  [6, 's', 'a.destination'],
];

/** The fields of a method call with so many descriptors. */
export function callWith(unixFds: number): TestField[] {
  return [...CALL, [9, 'u', unixFds]];
}

function alignmentOf(type: string): number {
  if ('vyg'.includes(type.charAt(0))) return 1;
  if ('nq'.includes(type.charAt(0))) return 2;
  return '(xtd'.includes(type.charAt(0)) ? 8 : 4;
}

export function marshalled({
  littleEndian = true,
  type = 1,
  flags = 0,
  version = 1,
  serial = 1,
  fields = CALL,
  body = new Uint8Array(),
  bodyLength = body.length,
  fieldsLength,
}: TestMessage = {}): Buffer {
  const bytes: number[] = [];
  const align = (boundary: number) => {
    while (bytes.length % boundary !== 0) bytes.push(0);
  };
  const number = (value: number) => {
    align(4);
    const four = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
    bytes.push(...(littleEndian ? four : four.reverse()));
  };
  bytes.push((littleEndian ? 'l' : 'B').charCodeAt(0), type, flags, version);
  number(bodyLength);
  number(serial);
  number(0); // The length of the fields, once it is known.
  for (const [code, signature, value] of fields) {
    align(8);
    bytes.push(code, signature.length, ...Buffer.from(signature), 0);
    if (typeof value === 'number') number(value);
    else if (typeof value === 'string') {
      if (signature === 'g') bytes.push(value.length);
      else number(value.length);
      bytes.push(...Buffer.from(value, 'latin1'), 0);
    } else {
      align(alignmentOf(signature));
      bytes.push(...value);
    }
  }
  const length = fieldsLength ?? bytes.length - 16;
  align(8);
  const message = Buffer.concat([Uint8Array.from(bytes), body]);
  if (littleEndian) message.writeUInt32LE(length, 12);
  else message.writeUInt32BE(length, 12);
  return message;
}
