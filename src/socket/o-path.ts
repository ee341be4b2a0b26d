/** Opens a file for what can be done without reading it: asm-generic/fcntl.h, the same on x64 and arm64; Node has no name for it. */
export const O_PATH = 0o10000000;
