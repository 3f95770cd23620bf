/** @typedef {import('./report-line.mjs').OneWay} OneWay */
/** Descriptors that were sent and did not arrive. @typedef {{ lost: number, of: number }} Loss */

/**
 * Makes sure that all messages, bytes and descriptors arrived, and that the first and the last descriptor are the files
 * that were sent.
 * @param {import('./report-line.mjs').Ends} ends
 * @param {import('./exchange.mjs').Work} work
 * @param {boolean} mayLose some descriptors without that being a failure
 * @returns {Loss | undefined}
 * @throws Error with all that is wrong
 */
export function verify({ sender, receiver }, work, mayLose) {
  const losses = [oneWay(sender?.sent, receiver?.received, work, mayLose)];
  if (work.kind === 'echo' || work.kind === 'call')
    losses.push(oneWay(receiver?.sent, sender?.received, work, mayLose));
  return losses.find((loss) => loss !== undefined);
}

/**
 * @param {OneWay | undefined} sent @param {OneWay | undefined} received
 * @param {import('./exchange.mjs').Work} work @param {boolean} mayLose
 */
function oneWay(sent, received, { kind, warmup, count, size, fds }, mayLose) {
  if (sent === undefined || received === undefined) throw new Error('an end did not report');
  const messages = warmup + count;
  /** @type {string[]} */
  const wrong = [];
  const expect = (/** @type {string} */ what, /** @type {unknown} */ is, /** @type {unknown} */ should) => {
    if (is !== should) wrong.push(`${what}: ${String(is)} instead of ${String(should)}`);
  };
  expect('messages sent', sent.messages, messages);
  expect('messages received', received.messages, messages);
  expect('bytes received', received.bytes, messages * size);
  const lost = messages * fds - received.fds;
  if (!mayLose || lost < 0) {
    expect('descriptors received', received.fds, messages * fds);
    expect('the first descriptor', received.first, sent.first);
    expect('the last descriptor', received.last, sent.last);
  }
  if (fds > 0 && (sent.first === '' || sent.first === sent.last)) wrong.push('the files sent cannot be told apart');
  if (!(received.ns > 0) && kind !== 'echo') wrong.push(`the time: ${received.ns} ns`);
  if (wrong.length > 0) throw new Error(`not what was to be done: ${wrong.join('; ')}`);
  return lost === 0 ? undefined : { lost, of: messages * fds };
}
