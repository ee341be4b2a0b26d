import { connect } from 'node:net';
import { ProgramOptions } from '../../node/program-options.js';

const socket = connect(new ProgramOptions().text('endpoint').replace('unix://', ''));
socket.write('Some values from the client,');
socket.once('data', () => console.log('answer'));
