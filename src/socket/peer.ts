/** The process at the other end of a connection, as the kernel recorded it when the connection was made. */
export interface Peer {
  /** Effective user id. Undefined where the system cannot tell, or when it has no number in our user namespace. */
  readonly uid?: number;
  /** Effective group id, undefined as `uid`. */
  readonly gid?: number;
  /** Supplementary groups that have a number in our user namespace. */
  readonly groups: readonly number[];
  /**
   * For diagnostics only, never for authorization: the process may have exited and its number been reused, and a
   * child that inherited the connection speaks under its parent's pid. Undefined when the process is not visible from
   * our pid namespace.
   */
  readonly pid?: number;
  /** Label of the security module in use (SELinux context, AppArmor profile), where there is one. */
  readonly securityLabel?: string;
  /** The endpoint of the connection in its canonical spelling. */
  readonly endpoint: string;
}
