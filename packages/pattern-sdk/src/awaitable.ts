/** A value, or a promise of it. Whoever has its answer at hand returns it directly: that is faster. */
export type Awaitable<T> = T | PromiseLike<T>;
