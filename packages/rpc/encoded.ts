import { describeValue, invalidType } from '../binding';

/** @throws TypeError for what a codec in plain JavaScript may return instead: bytes alone, or a Promise */
export function requireEncoded<Encoded extends object>(encoded: Encoded): Encoded {
  const given: unknown = encoded;
  if (typeof given === 'object' && given !== null && 'bytes' in given) return encoded;
  throw invalidType(`codec.encode() returns { bytes, fds }, at once, not ${describeValue(given)}`);
}
