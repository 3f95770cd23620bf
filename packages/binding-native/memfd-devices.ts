import { addon } from './addon';
import { checked } from './native-failure';

let devices: readonly bigint[] | undefined;

/**
 * Whether memfd_create(2) made the file. Any file can be named as memfds are, also one that is deleted and can be sealed; the
 * device of memfds is the kernel's own and is mounted nowhere, so that nobody else makes a file there (docs/kernel.md 51).
 * @param link what /proc says it is: SysV's shared memory is on that device, too, under another name
 * @throws EMFILE, ENFILE and ENOMEM where the device has to be found out yet
 */
export function isMemfd(dev: bigint, link: string | undefined): boolean {
  return link?.startsWith('/memfd:') === true && memfdDevices().includes(dev);
}

function memfdDevices(): readonly bigint[] {
  if (devices !== undefined) return devices;
  const found = addon.memfdDevices();
  if (typeof found === 'number') {
    checked(found, 'memfd_create', 'to compare the file with');
    return [];
  }
  devices = found;
  return devices;
}
