/** Problems of one status and reason as one, since CSI has each pair once, with their messages one after the other. */
export function mergeProblems<Problem extends { status: number; reason: string; message: string }>(
  problems: readonly Problem[],
): Problem[] {
  const alike = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = `${problem.status} ${problem.reason}`;
    alike.set(key, [...(alike.get(key) ?? []), problem]);
  }
  return [...alike.values()].map((group) => ({
    ...group[0]!,
    message: [...new Set(group.map(({ message }) => message))].join('; '),
  }));
}
