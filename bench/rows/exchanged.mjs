import { exchange, scaled } from '../measure/exchange.mjs';

/** @typedef {import('../measure/exchange.mjs').Work} Work */
/** @typedef {import('../measure/report-line.mjs').Ends} Ends */

/**
 * How a row is measured whose work two ends do with each other. The figure `cost` comes with it: it is blind to other
 * processes that use the same processor, and tells nothing where an end waits.
 * @param {Work} work
 * @param {(ends: Ends, work: Work) => Readonly<Record<string, number>>} figures
 * @returns {import('./row.mjs').Row['measure']}
 */
export function exchanged(work, figures) {
  return async (contender, tools, scale) => {
    const less = scaled(work, scale * (contender.share ?? 1));
    const { ends, loss } = await exchange(less, contender, tools);
    const sender = (ends.sender?.sent?.cpu ?? NaN) / less.count;
    const receiver = (ends.receiver?.received?.cpu ?? NaN) / less.count;
    return {
      figures: { ...figures(ends, less), cost: sender + receiver },
      loss,
      detail: { senderCost: Math.round(sender), receiverCost: Math.round(receiver) },
    };
  };
}

/** Messages in a second, from the end of the warm-up to the last message received. @param {Ends} ends @param {Work} work */
export function rate({ receiver }, work) {
  return (work.count / (receiver?.received?.ns ?? NaN)) * 1e9;
}
