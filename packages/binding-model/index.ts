export * from './kernel';
export type { Fault, FaultName, FaultRate, Faults } from './faults';
export { ModelBinding } from './model-binding';
export { ModelWorld, type ModelWorldOptions } from './model-world';
