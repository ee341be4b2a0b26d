/** A socket in the file system. A relative path is taken from the working directory of the process. */
export interface PathEndpoint {
  readonly kind: 'path';
  /** 1 to 107 bytes of UTF-8, without NUL. */
  readonly path: string;
}

/** A Linux abstract socket, unix(7). It lives in the network namespace and has no permissions. */
export interface AbstractEndpoint {
  readonly kind: 'abstract';
  /** 1 to 107 bytes, any values, without the leading NUL. Names of different length are different names. */
  readonly name: Uint8Array;
}

/** A listening socket that this process inherited, by number or by its name in LISTEN_FDNAMES (sd_listen_fds(3)). */
export type InheritedEndpoint =
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'fd'; readonly name: string };

/** What an address is once it has been read: see `parseEndpoint` for the spellings. */
export type Endpoint = PathEndpoint | AbstractEndpoint | InheritedEndpoint;
