/** Plugins that are installed beside this package are found from here, whatever folder the operator works in. */
export const shippedPluginBases: readonly string[] = [import.meta.url];
