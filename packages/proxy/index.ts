export { forward, type Forwarding } from './forward';
export { ForwardError } from './forward-error';
export type { ChangedFrame, ForwardOptions, Passing, Verdict } from './forward-options';
export { proxy, type Proxying } from './proxy';
export type { Forwarded, ProxyOptions } from './proxy-options';
export type { Side } from './side';
export type { ForwardedTotals, Totals } from './totals';
