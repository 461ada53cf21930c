import type { Tone } from './tone';

/** A request that gateways remember, as the server tells it. */
export interface RequestView {
  id: string;
  route: string;
  state: string;
  /** It was accepted for later; else it has a key and is done once. */
  accepted: boolean;
  attempts: number;
  at: string;
  key?: string;
  status?: number;
  why?: string;
  callback?: CallbackView;
}

/** The call that tells how a request ended. */
export interface CallbackView {
  url: string;
  state: 'waiting' | 'told' | 'givenUp';
  tries: number;
  status?: number;
  due?: string;
  why?: string;
}

export interface RequestList {
  items: RequestView[];
  counts: { route: string; state: string; accepted: boolean; count: number; oldest: string }[];
}

export type RequestWish = 'cancel' | 'retry' | 'forget' | 'tell';

/** What can be done with a request as it stands; the server decides again. */
export function wishesFor({ state, accepted, callback }: RequestView): RequestWish[] {
  if (state === 'waiting') return ['cancel'];
  if (state === 'running') return [];
  const again: RequestWish[] = accepted && state !== 'answered' ? ['retry'] : [];
  return [...again, ...(callback && callback.state !== 'waiting' ? ['tell' as const] : []), 'forget'];
}

export function toneOf(state: string): Tone {
  return state === 'unknown' || state === 'failed' ? 'bad' : state === 'running' ? 'busy' : state === 'answered' ? 'ok' : 'idle';
}

/** Those that need somebody come first, then the newest. */
export function inOrder(requests: readonly RequestView[]): RequestView[] {
  const rank = ({ state, callback }: RequestView) => (state === 'unknown' || state === 'failed' || callback?.state === 'givenUp' ? 0 : 1);
  return [...requests].sort((a, b) => rank(a) - rank(b) || b.at.localeCompare(a.at));
}
