import { addon } from './addon';

/** SO_PASSRIGHTS off (docs/kernel.md 21). Where the kernel does not know it, descriptors come all the same. */
export function refuseFds(socket: number): void {
  addon.setSocketOption(socket, addon.constants.SO_PASSRIGHTS, 0);
}
