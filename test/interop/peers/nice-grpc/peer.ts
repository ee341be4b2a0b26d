import { peerCommand } from '../typescript/peer-command.js';
import { niceClient } from './nice-client.js';
import { niceServer } from './nice-server.js';

await peerCommand({ serve: niceServer, connect: niceClient });
