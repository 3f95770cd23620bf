export { type Addon, addon } from './addon';
export { socketKind } from './fd-kind';
export { isMemfd } from './memfd-devices';
export { nativeBinding } from './native-binding';
export { nativeDescriptors } from './native-descriptor-table';
export { checked, failure } from './native-failure';
