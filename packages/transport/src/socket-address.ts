/** Where a server listens: a Unix socket or a TCP port. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };
