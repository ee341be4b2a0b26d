/** Where sd_listen_fds(3) begins to count. */
const FIRST_DESCRIPTOR = 3;

/** Names of the inherited sockets, the first of them being descriptor 3; undefined when there are none for us. */
let names: readonly string[] | undefined;

/**
 * Descriptors that the service manager has passed under `name`, by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES
 * (sd_listen_fds(3)). The variables are meant for this process alone, so the first use removes them, lest a child take
 * them for its own. Throws an Error that says why there are none.
 */
export function inheritedDescriptors(name: string): readonly number[] {
  names ??= readNames(process.env);
  const found = names.flatMap((other, index) => (other === name ? [FIRST_DESCRIPTOR + index] : []));
  if (found.length > 0) return found;
  throw new Error(`the service manager has passed no socket of this name, but ${names.join(', ') || 'none at all'}`);
}

function readNames(environment: NodeJS.ProcessEnv): readonly string[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: list } = environment;
  if (pid === undefined || count === undefined) {
    throw new Error('LISTEN_PID and LISTEN_FDS are not set; start the process by socket activation, or write fd:3');
  }
  if (Number(pid) !== process.pid) {
    throw new Error(
      `LISTEN_PID is ${pid} and this is process ${process.pid}; start node itself (exec), without a wrapper`,
    );
  }
  delete environment.LISTEN_PID;
  delete environment.LISTEN_FDS;
  delete environment.LISTEN_FDNAMES;
  const given = list === undefined ? [] : list.split(':');
  return Array.from({ length: Number(count) || 0 }, (_, index) => given[index] || 'unknown');
}
