/** `process.nextTick()`, taken once: fake timers of a user's tests replace it, and sockets would stop with it. */
export const nextTick = process.nextTick.bind(process);
