import { type BoundAddress, invalidValue } from '../../binding';

/** Where to meet: a path in the file system, or a name in Linux's abstract namespace (unix(7)). */
export type Address = string | { readonly path: string } | { readonly abstract: string };

/** @throws TypeError for what is no address */
export function boundAddress(address: Address): BoundAddress {
  const given: unknown = address;
  if (typeof given === 'string') return pathAddress(given);
  if (typeof given === 'object' && given !== null) {
    if ('path' in given && typeof given.path === 'string') return pathAddress(given.path);
    if ('abstract' in given && typeof given.abstract === 'string' && given.abstract !== '') {
      return { abstract: given.abstract };
    }
  }
  throw invalidValue('an address is a path, { path } or { abstract }, none of them empty');
}

export function showAddress(address: BoundAddress): string {
  return 'path' in address ? address.path : `@${address.abstract}`;
}

function pathAddress(path: string): BoundAddress {
  // bind(2) would take the part before a zero byte for the whole path, and an empty one for "any name".
  if (path === '' || path.includes('\0')) throw invalidValue('a path is neither empty nor does it hold a zero byte');
  return { path };
}
