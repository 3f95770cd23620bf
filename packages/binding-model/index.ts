export * from './kernel';
export type { Fault, FaultName, FaultRate, Faults } from './faults';
export { ModelBinding } from './model-binding';
export { requireKeys, requireObject } from './kernel/require-values';
export { ModelWorld, type ModelWorldOptions, WORLD_OPTIONS } from './model-world';
