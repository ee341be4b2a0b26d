import { createServer } from 'node:net';
import { ProgramOptions } from '../../node/program-options.js';

const server = createServer((socket) => {
  socket.on('data', (text) => socket.end(`${text} And a reply from the server.`));
});
server.listen(new ProgramOptions().text('endpoint').replace('unix://', ''), () => console.log('listening'));
