/** @typedef {import('./row.mjs').Figure} Figure */

/** @type {Figure} */
export const messagesPerSecond = perSecond('messages/s', 1e3, 'k/s');
/** @type {Figure} */
export const descriptorsPerSecond = perSecond('descriptors/s', 1e6, 'M/s');
/** @type {Figure} */
export const connectionsPerSecond = perSecond('connections/s', 1e3, 'k/s');
/** @type {Figure} */
export const bytesPerSecond = perSecond('bytes/s', 1e9, 'GB/s');
/** @type {Figure} */
export const tripTime = { unit: 'ns', better: 'less', show: (value) => `${(value / 1e3).toFixed(1)} us` };
/** @type {Figure} */
export const startTime = { unit: 'ns', better: 'less', show: (value) => `${(value / 1e6).toFixed(2)} ms` };
/** @type {Figure} */
export const callsPerSecond = perSecond('calls/s', 1e3, 'k/s');
/** Processor time of both ends. @type {Figure} */
export const costPerCall = { unit: 'ns per call', better: 'less', show: (value) => `${(value / 1e3).toFixed(1)} us` };
/** Processor time of both ends. @type {Figure} */
export const costPerMessage = { unit: 'ns per message', better: 'less', show: (value) => `${value.toFixed(0)} ns` };
/** @type {Figure} */
export const costPerConnection = {
  unit: 'ns per connection',
  better: 'less',
  show: (value) => `${(value / 1e3).toFixed(1)} us`,
};
/** @type {Figure} */
export const costPerFrame = { unit: 'ns per frame', better: 'less', show: (value) => `${value.toFixed(0)} ns` };
/** @type {Figure} */
export const memory = { unit: 'bytes', better: 'less', show: (value) => `${(value / 1024).toFixed(1)} KiB` };
/** @type {Figure} */
export const factor = { unit: '', better: 'less', absolute: true, show: (value) => `${value.toFixed(2)} x` };
/** @type {Figure} */
export const growth = { unit: '', better: 'less', show: (value) => `${value.toFixed(2)} x` };
/** @type {Figure} */
export const number = { unit: '', better: 'less', absolute: true, show: (value) => value.toFixed(0) };

/** @param {string} unit @param {number} divisor @param {string} shown @returns {Figure} */
function perSecond(unit, divisor, shown) {
  return {
    unit,
    better: 'more',
    show: (value) => `${(value / divisor).toFixed(value < 10 * divisor ? 2 : 0)} ${shown}`,
  };
}
