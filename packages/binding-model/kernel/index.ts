export { KernelModel, type KernelModelOptions } from './kernel-model';
export type { KernelName } from './kernel-rules';
export type { ModelProcess, ProcessOptions } from './model-process';
export * from './system-calls';
export type { ReceiveEvent, SendEvent, Stretch, TraceEvent } from './trace';
export { drawTimeline, type TimelineOptions } from '../timeline';
