import { attack as abandonedHandlers } from './abandoned-handlers.js';
import { attack as announced4Gib } from './announced-4-gib.js';
import { attack as compressedBomb } from './compressed-bomb.js';
import { attack as connectionChurn } from './connection-churn.js';
import { attack as continuationFlood } from './continuation-flood.js';
import { attack as dataDribble } from './data-dribble.js';
import { attack as emptyDataFlood } from './empty-data-flood.js';
import { attack as emptyHeadersFlood } from './empty-headers-flood.js';
import { attack as emptyMessages } from './empty-messages.js';
import { attack as endlessHeaderBlock } from './endless-header-block.js';
import { attack as goawayFlood } from './goaway-flood.js';
import { attack as headerDribble } from './header-dribble.js';
import { attack as hpackBomb } from './hpack-bomb.js';
import { attack as idleConnections } from './idle-connections.js';
import { attack as initialWindowFlapping } from './initial-window-flapping.js';
import { attack as initialWindowGrowth } from './initial-window-growth.js';
import { attack as instantDeadlines } from './instant-deadlines.js';
import { attack as madeYouResetBeyondWindow } from './made-you-reset-beyond-window.js';
import { attack as madeYouResetContentLength } from './made-you-reset-content-length.js';
import { attack as madeYouResetDataAfterEnd } from './made-you-reset-data-after-end.js';
import { attack as madeYouResetHeadersAfterHeaders } from './made-you-reset-headers-after-headers.js';
import { attack as madeYouResetMalformedRequest } from './made-you-reset-malformed-request.js';
import { attack as madeYouResetPriority } from './made-you-reset-priority.js';
import { attack as madeYouResetWindowOverflow } from './made-you-reset-window-overflow.js';
import { attack as madeYouResetZeroIncrement } from './made-you-reset-zero-increment.js';
import { attack as oversizedHeaderList } from './oversized-header-list.js';
import { attack as paddingFlood } from './padding-flood.js';
import { attack as pingFlood } from './ping-flood.js';
import { attack as priorityFlood } from './priority-flood.js';
import { attack as rapidReset } from './rapid-reset.js';
import { attack as resetFloodOnClosedStream } from './reset-flood-on-closed-stream.js';
import { attack as responseDribble } from './response-dribble.js';
import { attack as settingsAcknowledgementFlood } from './settings-acknowledgement-flood.js';
import { attack as settingsFlood } from './settings-flood.js';
import { attack as silentPeers } from './silent-peers.js';
import { attack as stalledLargeMessages } from './stalled-large-messages.js';
import type { TestedAttack } from './tested-attack.js';
import { attack as tooManyStreams } from './too-many-streams.js';
import { attack as trailersBomb } from './trailers-bomb.js';
import { attack as unfinishedFrame } from './unfinished-frame.js';
import { attack as unfinishedHeaderBlock } from './unfinished-header-block.js';
import { attack as unfinishedMessages } from './unfinished-messages.js';
import { attack as unknownFrameFlood } from './unknown-frame-flood.js';
import { attack as unreadAnswers } from './unread-answers.js';
import { attack as unreadReplies } from './unread-replies.js';
import { attack as unreadResponses } from './unread-responses.js';
import { attack as unreadStreams } from './unread-streams.js';
import { attack as windowUpdateFlood } from './window-update-flood.js';
import { attack as zeroWindowStall } from './zero-window-stall.js';

/** All that is tried on the server. */
export const attacks: readonly TestedAttack[] = [
  abandonedHandlers,
  announced4Gib,
  compressedBomb,
  connectionChurn,
  continuationFlood,
  dataDribble,
  emptyDataFlood,
  emptyHeadersFlood,
  emptyMessages,
  endlessHeaderBlock,
  goawayFlood,
  headerDribble,
  hpackBomb,
  idleConnections,
  initialWindowFlapping,
  initialWindowGrowth,
  instantDeadlines,
  madeYouResetBeyondWindow,
  madeYouResetContentLength,
  madeYouResetDataAfterEnd,
  madeYouResetHeadersAfterHeaders,
  madeYouResetMalformedRequest,
  madeYouResetPriority,
  madeYouResetWindowOverflow,
  madeYouResetZeroIncrement,
  oversizedHeaderList,
  paddingFlood,
  pingFlood,
  priorityFlood,
  rapidReset,
  resetFloodOnClosedStream,
  responseDribble,
  settingsAcknowledgementFlood,
  settingsFlood,
  silentPeers,
  stalledLargeMessages,
  tooManyStreams,
  trailersBomb,
  unfinishedFrame,
  unfinishedHeaderBlock,
  unfinishedMessages,
  unknownFrameFlood,
  unreadAnswers,
  unreadReplies,
  unreadResponses,
  unreadStreams,
  windowUpdateFlood,
  zeroWindowStall,
];
