/** Whether a member of this name is what every object inherits, and so nothing that was written for a peer. */
export function isOfEveryObject(name: unknown): boolean {
  return OF_EVERY_OBJECT.has(name);
}

const OF_EVERY_OBJECT: ReadonlySet<unknown> = new Set(Object.getOwnPropertyNames(Object.prototype));
