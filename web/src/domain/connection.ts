/** How the page stands with the server. */
export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  /** Nothing arrives; what is shown is as of `shown`. */
  | { state: 'lost'; shown: number | undefined; retryAt: number }
  | { state: 'refused' };

const order = ['refused', 'lost', 'connecting', 'live'] as const;

/** The worst of several streams: the page as a whole is as live as its least live part. */
export function worst(all: Iterable<Connection>): Connection {
  const list = [...all];
  for (const state of order) {
    const found = list.find((connection) => connection.state === state);
    if (found) return found;
  }
  return { state: 'connecting' };
}
