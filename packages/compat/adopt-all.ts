import { OwnedFd } from '../binding';

/** Takes numbers over. @throws as {@link OwnedFd.adopt}; none is taken over then */
export function adoptAll(numbers: readonly number[]): OwnedFd[] {
  const owners: OwnedFd[] = [];
  try {
    for (const number of numbers) owners.push(OwnedFd.adopt(number));
  } catch (error) {
    for (const owner of owners) owner.take();
    throw error;
  }
  return owners;
}
