export { addReflection, type ReflectionOptions } from './add-reflection.js';
export type { DescriptorSource } from './descriptor-index.js';
