export * from './kernel';
export type { Fault, FaultName, FaultRate, Faults } from './faults';
export { ModelBinding } from './model-binding';
export { judgeKeys, judgeObject } from './kernel/judge-options';
export { ModelWorld, type ModelWorldOptions, WORLD_OPTIONS } from './model-world';
