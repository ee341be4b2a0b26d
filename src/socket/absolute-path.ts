/** Not normalized: `link/..` is the kernel's to resolve. */
export function absolutePath(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`;
}
