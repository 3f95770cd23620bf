export { KernelModel } from './kernel-model';
export type { KernelModelOptions } from './kernel-options';
export type { KernelName } from './kernel-rules';
export type { ModelProcess } from './model-process';
export type { ProcessOptions } from './process-options';
export * from './system-calls';
export type { ReceiveEvent, SendEvent, Stretch, TraceEvent } from './trace';
export { drawTimeline, type TimelineOptions } from '../timeline';
