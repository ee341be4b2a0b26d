import { peerCommand } from '../typescript/peer-command.js';
import { podwireClient, podwireServer } from './podwire-peer.js';

await peerCommand({ serve: podwireServer, connect: podwireClient });
