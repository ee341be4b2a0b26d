export { createInProcessChannel, type InProcessOptions } from './in-process-channel.js';
