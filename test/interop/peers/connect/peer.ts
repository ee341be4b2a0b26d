import { peerCommand } from '../typescript/peer-command.js';
import { connectClient } from './connect-client.js';
import { connectServer } from './connect-server.js';

await peerCommand({ serve: connectServer, connect: connectClient });
