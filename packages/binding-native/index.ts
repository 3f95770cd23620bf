export { type Addon, addon } from './addon';
export { nativeBinding } from './native-binding';
export { nativeDescriptors } from './native-descriptor-table';
export { checked, failure } from './native-failure';
