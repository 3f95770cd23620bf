import { describeValue, invalidValue } from '../binding';
import type { Address } from '../stream';

/**
 * The first Unix socket of a list of D-Bus server addresses, such as `unix:path=/run/dbus/system_bus_socket` (D-Bus
 * Specification, "Server Addresses").
 * @throws TypeError where there is none that can be connected to
 */
export function parseBusAddress(list: string): Address {
  for (const address of list.split(';')) {
    const colon = address.indexOf(':');
    if (address.slice(0, colon) !== 'unix') continue;
    const pairs = address.slice(colon + 1).split(',');
    const { path, abstract } = Object.fromEntries(
      pairs.map((pair) => {
        const [key = '', ...value] = pair.split('=');
        return [key, unescape(value.join('='), list)];
      }),
    ) as { path?: string; abstract?: string };
    if (path !== undefined) return { path };
    if (abstract !== undefined) return { abstract };
  }
  throw invalidValue(`a bus address has a unix:path= or unix:abstract= in it, unlike ${describeValue(list)}`);
}

/** Bytes other than letters, digits and `-_/\*.` are given as %XX. */
function unescape(value: string, list: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw invalidValue(
      `after % two hexadecimal digits of UTF-8 stand in a bus address, unlike in ${describeValue(list)}`,
    );
  }
}
