// Taken once, when the module loads: the fake timers of a user's tests replace the globals, and sockets would stop with them.

/** `process.nextTick()`. */
export const nextTick = process.nextTick.bind(process);

/** `setImmediate()`. */
export const immediate = globalThis.setImmediate;

/** `queueMicrotask()`. */
export const microtask = globalThis.queueMicrotask;
