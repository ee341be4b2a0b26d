/** What to do about a message that is too large, for the end of the error that says so. */
export const raiseLimit = 'raise limits.maxReceiveMessageLength of the receiver, or send a stream';
