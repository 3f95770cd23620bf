import { OwnedFd } from '../../binding';

/**
 * Whether all descriptors of a message are in the part of it that somebody gets; elsewhere nobody would close them.
 * @param part was made from JSON, so it has no cycle
 */
export function areWithin(fds: readonly OwnedFd[], part: unknown): boolean {
  if (fds.length === 0) return true;
  let count = 0;
  const left = [part];
  while (left.length > 0) {
    const each = left.pop();
    if (each instanceof OwnedFd) count++;
    else if (typeof each === 'object' && each !== null) for (const inner of Object.values(each)) left.push(inner);
  }
  return count === fds.length;
}
