/** Whether `text` has the shape of an id that `newId` makes: nothing else leads to a path. */
export function isId(prefix: 'vol' | 'snap' | 'group', text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length + 1));
}
