/** How a queue stands, as the server tells it. */
export interface QueueFigures {
  name: string;
  /** Where its messages are. */
  engine: 'embedded' | 'rabbitmq';
  ready: number;
  waiting: number;
  inFlight: number;
  dead: number;
  bytes: number;
  /** A duration such as `1m30s`. */
  oldest: string;
  published: number;
  duplicates: number;
  refused: number;
  delivered: number;
  acked: number;
  retried: number;
  deadLettered: number;
  expired: number;
}

export const messageStates = ['ready', 'later', 'behind', 'inFlight', 'dead'] as const;
export type MessageState = (typeof messageStates)[number];

/** A message that was looked at. */
export interface QueueMessage {
  id: string;
  state: MessageState;
  attempt: number;
  at: string;
  why?: string;
  event: { type: string; partitionkey?: string; data?: unknown; data_base64?: string };
}

const mostShown = 200;

/** What a message says, in one line; long ones are cut. */
export function bodyOf({ event }: QueueMessage): string {
  const text = event.data !== undefined ? (typeof event.data === 'string' ? event.data : JSON.stringify(event.data)) : (event.data_base64 ?? '');
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}

/** How old the oldest message is, in words that fit a column; undefined where there is none. */
export function oldestOf({ oldest }: QueueFigures): string | undefined {
  const short = oldest.replace(/\d+(\.\d+)?ms$/, '');
  return oldest === '0s' ? undefined : short || '<1s';
}
