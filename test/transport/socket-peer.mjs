// A peer in a process of its own: connects to the path it is given and does what its second argument says.
import net from 'node:net';

const [path, role] = process.argv.slice(2);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const settings = Buffer.from('000000040000000000', 'hex');
const socket = net.connect(path);
socket.on('error', () => {});
socket.once('connect', () => {
  switch (role) {
    case 'half-a-frame':
      // PING with four of its eight octets.
      socket.write(Buffer.concat([preface, settings, Buffer.from('000008060000000000' + '00000000', 'hex')]));
      break;
    case 'unread':
      // Says hello, lets the kernel's buffer fill, and never reads; SETTINGS_INITIAL_WINDOW_SIZE and WINDOW_UPDATE of 1 GiB.
      socket.pause();
      socket.write(
        Buffer.concat([
          preface,
          Buffer.from('00000604000000000000044000' + '0000', 'hex'),
          Buffer.from('00000408000000000040000000'.padEnd(26, '0'), 'hex'),
          // :method POST, :scheme http, :path /
          Buffer.from('000003010500000001' + '838684', 'hex'),
        ]),
      );
      break;
    case 'silent':
      break;
  }
  process.stdout.write('ready\n');
});
setInterval(() => {}, 1_000);
