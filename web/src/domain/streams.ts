/** An event stream, as the server lists it. */
export interface StreamInfo {
  name: string;
  version: number;
  first: number;
  isGone: boolean;
  keepEvents: number;
  /** A duration; `0s` keeps events for ever. */
  keepFor: string;
  at?: string;
  snapshot: number;
}

/** A reader whose place is kept. */
export interface StreamReader {
  name: string;
  position: number;
  rewinds: number;
  at: string;
}

/** How all streams stand. */
export interface StreamsStanding {
  figures: { streams: number; events: number; last: number; bytes: number; appended: number; conflicts: number };
  readers: StreamReader[];
  watching: number;
}

/** An event in its stream. */
export interface StreamEvent {
  stream: string;
  version: number;
  position: number;
  at: string;
  event: { type: string; data?: unknown; data_base64?: string };
}

export interface StreamEventPage {
  events: StreamEvent[];
  next: number;
  end: boolean;
  last: number;
  first: number;
}

const queuePrefix = 'queue:';

/** The queue whose place a reader keeps; undefined where it is somebody else. */
export const queueOf = ({ name }: StreamReader): string | undefined => (name.startsWith(queuePrefix) ? name.slice(queuePrefix.length) : undefined);

/** How many events a reader has before it; positions have gaps, so that it may be fewer. */
export const behind = (reader: StreamReader, last: number): number => Math.max(0, last - reader.position);

/** What is kept of a stream: how many, how long; undefined where it is everything. */
export const kept = ({ keepEvents, keepFor }: StreamInfo): string | undefined =>
  [keepEvents > 0 ? `≤ ${keepEvents}` : '', keepFor === '0s' ? '' : `≤ ${keepFor}`].filter(Boolean).join(', ') || undefined;
