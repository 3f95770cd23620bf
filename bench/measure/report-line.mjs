/**
 * What went one way. Messages, bytes and descriptors are counted from the first message on, warm-up included; `first` and
 * `last` are device and inode of the first descriptor and of the last, as fstat tells them. `ns` and `cpu` are nanoseconds
 * between the end of the warm-up and the last message, by the clock and of this process's processor time.
 * @typedef {{ messages: number, bytes: number, fds: number, first: string, last: string, ns: number, cpu: number,
 *   marks?: [number, number][] }} OneWay
 */

/**
 * The line that each end prints when it is done. `p50` and `p99` are nanoseconds of a round trip.
 * @typedef {{ end: 'sender' | 'receiver', sent?: OneWay, received?: OneWay, p50?: number, p99?: number, copied?: number,
 *   connections?: number, frames?: number, expected?: number, costs?: [number, number][],
 *   idle?: { rss: [number, number], wakeUps: number, cpu: number } }} ReportLine
 */

/**
 * The two ends of a run; a crowd prints nothing.
 * @typedef {{ sender?: ReportLine, receiver?: ReportLine }} Ends
 */

/** @param {string} output of both ends @returns {Ends} */
export function parseReports(output) {
  /** @type {Ends} */
  const ends = {};
  for (const text of output.split('\n')) {
    if (text === '') continue;
    /** @type {ReportLine} */
    const line = JSON.parse(text);
    ends[line.end] = line;
  }
  return ends;
}
