import { existsSync, readFileSync } from 'node:fs';

/** Both ends run on it, unless a row has them apart: the rate is then 1 / (cost of the sender + cost of the receiver). */
export const PROCESSOR = '0';
const SAME_CORE = `/sys/devices/system/cpu/cpu${PROCESSOR}/topology/thread_siblings_list`;

/** Where the receiver runs in rows that have the ends apart; undefined where there is one processor only. */
export const SECOND = second();

/** One that shares no core with the first, where there is such a one. */
function second() {
  const [, usable = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const sameCore = existsSync(SAME_CORE) ? listed(readFileSync(SAME_CORE, 'utf8')) : [];
  const others = listed(usable).filter((each) => each !== PROCESSOR);
  return others.find((each) => !sameCore.includes(each)) ?? others[0];
}

/** The numbers of a list such as 0-3,8. @param {string} list */
function listed(list) {
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
  });
}
