/** How many addresses lead to a Service's pods. Pure. */

/** As much of discovery/v1 EndpointSlice as counts. */
export type EndpointSlice = {
  /** Null when none is left: the API server writes down an empty list so. */
  readonly endpoints?:
    | readonly {
        readonly addresses?: readonly string[] | null;
        readonly conditions?: { readonly ready?: boolean } | null;
      }[]
    | null;
};

/** `conditions.ready` that is absent means ready (discovery/v1 EndpointConditions). */
export function countReadyAddresses(slices: readonly EndpointSlice[]): number {
  const ready = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses ?? []);
  return new Set(ready).size;
}
