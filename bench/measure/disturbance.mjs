import os from 'node:os';
import { PROCESSOR, SECOND } from './processors.mjs';

/**
 * How busy the processors are on which nothing is measured. They may share a core with the one that is measured, so the
 * quieter they are, the more the figures say.
 */
export class Disturbance {
  #measured;
  #before;

  /** @param {boolean} apart whether the second processor is measured, too */
  constructor(apart) {
    this.#measured = apart ? [PROCESSOR, SECOND] : [PROCESSOR];
    this.#before = times(this.#measured);
  }

  /** The share of time since this was made, from 0 to 1; NaN where there is no other processor. */
  share() {
    const { busy, all } = times(this.#measured);
    return (busy - this.#before.busy) / (all - this.#before.all);
  }
}

/** @param {readonly (string | undefined)[]} except */
function times(except) {
  let busy = 0;
  let all = 0;
  for (const [index, { times: spent }] of os.cpus().entries()) {
    if (except.includes(String(index))) continue;
    const { user, nice, sys, irq, idle } = spent;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return { busy, all };
}
