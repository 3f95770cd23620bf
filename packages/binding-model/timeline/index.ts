export { drawTimeline, type TimelineOptions } from './draw-timeline';
