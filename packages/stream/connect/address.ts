import {
  type BoundAddress,
  describeValue,
  type Elsewhere,
  invalidValue,
  requireNames,
  type SystemError,
  systemError,
} from '../../binding';

/** Where to meet: a path in the file system, or a name in Linux's abstract namespace (unix(7)). */
export type Address = string | { readonly path: string } | { readonly abstract: string };

/** What sun_path holds besides a path's terminating zero. */
export const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** The properties of each form that an address has as an object, by the one that tells the form. */
export type AddressForms = Readonly<Record<string, Readonly<Record<string, true>>>>;

export const ADDRESS_FORMS = { path: { path: true }, abstract: { abstract: true } } as const;

/**
 * Checks the form alone, as {@link boundAddress} does not: there, whoever calls may give more than an address.
 * @param elsewhere where properties belong that may well be given beside them
 * @throws TypeError for what has none of these forms, or properties beside them
 */
export function requireAddress(given: unknown, forms: AddressForms, elsewhere: Elsewhere): void {
  if (typeof given === 'string') return;
  const form = Object.entries(forms).find(([name]) => typeof given === 'object' && given !== null && name in given);
  if (form === undefined) throw noAddress(given, forms);
  requireNames(`an address { ${Object.keys(form[1]).join(', ')} } has no`, given as object, form[1], elsewhere);
}

/** @throws TypeError for what is no address */
export function boundAddress(address: Address): BoundAddress {
  const given: unknown = address;
  if (typeof given === 'string') return pathAddress('address', given);
  if (typeof given === 'object' && given !== null) {
    if ('path' in given) return pathAddress('address.path', given.path);
    if ('abstract' in given) return abstractAddress(given.abstract);
  }
  throw noAddress(given, ADDRESS_FORMS);
}

function noAddress(given: unknown, forms: AddressForms): TypeError {
  const shown = ['a path', ...Object.values(forms).map((names) => `{ ${Object.keys(names).join(', ')} }`)];
  const hint = isOfTcp(given) ? '; for a TCP port use node:net' : '';
  return invalidValue(
    `address is ${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}, not ${describeValue(given)}${hint}`,
  );
}

/** A URL has a port, too, which may be empty. */
function isOfTcp(given: unknown): boolean {
  const { port } = Object(given) as { readonly port?: unknown };
  return typeof given === 'number' || typeof port === 'number' || (typeof port === 'string' && port !== '');
}

export function showAddress(address: BoundAddress): string {
  return 'path' in address ? address.path : `@${address.abstract}`;
}

/** An address as net has it in its errors and properties: an abstract name follows a zero byte. */
export function netAddress(address: BoundAddress): string {
  return 'path' in address ? address.path : `\0${address.abstract}`;
}

/** The error of a system call that concerns an address, which it has as `address` too, as net's errors do. */
export function addressError(
  code: string,
  syscall: string,
  address: BoundAddress,
  detail = detailOf(code, address),
  options?: ErrorOptions,
): SystemError {
  return Object.assign(systemError(code, syscall, detail, options), address, { address: netAddress(address) });
}

function detailOf(code: string, address: BoundAddress): string {
  if (code === 'ENAMETOOLONG') return tooLong(address);
  // Of connect(2) alone.
  if (code === 'EPROTOTYPE') return `${showAddress(address)} is a datagram or seqpacket socket, and no stream socket`;
  return showAddress(address);
}

function tooLong(address: BoundAddress): string {
  if (!('path' in address)) return `an abstract name has at most ${LONGEST_PATH} bytes; use a shorter one`;
  const { path } = address;
  if (Buffer.byteLength(path) <= LONGEST_PATH) {
    return `${path} is relative to a working directory that was left since, and whole it is longer than ${LONGEST_PATH} bytes`;
  }
  return (
    `the path ${describeValue(path)} has ${Buffer.byteLength(path)} bytes, and that of a Unix socket at most ` +
    `${LONGEST_PATH}; use a shorter one, or one that is relative to the working directory`
  );
}

function pathAddress(name: string, path: unknown): BoundAddress {
  if (typeof path !== 'string') throw invalidValue(`${name} is a path, a string, not ${describeValue(path)}`);
  // bind(2) would take the part before a zero byte for the whole path, and an empty one for "any name".
  if (path !== '' && !path.includes('\0')) return { path };
  // As unix(7), Python and Go write them.
  const abstract = path.startsWith('\0') ? path.slice(1) : '';
  const hint = abstract === '' ? '' : `; for the abstract name give { abstract: ${describeValue(abstract)} }`;
  throw invalidValue(`${name} is a path, neither empty nor with a zero byte in it, not ${describeValue(path)}${hint}`);
}

function abstractAddress(abstract: unknown): BoundAddress {
  if (typeof abstract === 'string' && abstract !== '') return { abstract };
  if (typeof abstract !== 'string')
    throw invalidValue(`address.abstract is a name, a string, not ${describeValue(abstract)}`);
  throw invalidValue(`address.abstract is a name, and not empty, not ${describeValue(abstract)}`);
}
