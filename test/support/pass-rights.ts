import { addon, nativeBinding } from '../../packages/binding-native';

/** Whether this kernel has SO_PASSRIGHTS (docs/kernel.md 21). Where it has not, descriptors come, and are closed. */
export function kernelRefusesFds(): boolean {
  const pair = nativeBinding.socketpair();
  try {
    return addon.getSocketOption(pair[0].fd, addon.constants.SO_PASSRIGHTS) >= 0;
  } finally {
    for (const each of pair) each.close();
  }
}
