import { windowUpdate } from './call.js';
import { flood } from './flood.js';

export const attack = flood('WINDOW_UPDATE flood', windowUpdate(0, 1));
