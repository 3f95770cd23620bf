import { OwnedFd } from '../../binding';
import { GivenFd } from './given';
import { pathOf } from './json-kinds';

/**
 * Where in a value there is a descriptor of this number, as a program says it. Calls nothing of the value's own: what `toJSON`
 * and getters make is not found.
 */
export function memberWith(number: number, value: unknown): string | undefined {
  const names: string[] = [''];
  const around: object[] = [];
  const find = (each: unknown): string | undefined => {
    if (typeof each !== 'object' || each === null || around.includes(each)) return undefined;
    if (each instanceof GivenFd || each instanceof OwnedFd)
      return numberOf(each) === number ? pathOf(names, around) : undefined;
    around.push(each);
    const members: Readonly<Record<string, PropertyDescriptor>> = Object.getOwnPropertyDescriptors(each);
    for (const [name, { value: member }] of Object.entries(members)) {
      names.push(name);
      const found = find(member);
      if (found !== undefined) return found;
      names.pop();
    }
    around.pop();
    return undefined;
  };
  return find(value);
}

function numberOf(held: GivenFd | OwnedFd): unknown {
  const source = held instanceof GivenFd ? held.source : held;
  return typeof source === 'number' ? source : (source as { readonly fd?: unknown }).fd;
}
