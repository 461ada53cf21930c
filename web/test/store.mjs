// A made-up cluster that keeps the store: one of three servers is away.

const server = (name, role, state, revision, leads = false) => ({ name, member: `8e9e05c52164694${name}`, address: `10.0.0.${name.charCodeAt(0) - 96}:2379`, leads, role, state, bytes: revision * 1024, revision });

/** `GET /api/v1/store`; undefined for anything else. */
export function readStore(noun, name) {
  if (noun !== 'store' || name) return undefined;
  return {
    place: 'of the cluster, at a',
    revision: 4211,
    writable: true,
    why: 'c is away',
    spare: 0,
    servers: [server('a', 'leader', 'well', 9120, true), server('b', 'voter', 'well', 9118), server('c', 'voter', 'away', 0)],
  };
}
