import type { MapNode } from '../api/shapes';
import { latency, percent } from './format';
import type { Flow } from './traffic';

/** What the map is coloured by, besides the states. */
export type Overlay = 'heat' | 'errors' | 'change' | 'criticality';

export const overlays: readonly Overlay[] = ['heat', 'errors', 'change', 'criticality'];

/** A card under an overlay: 0 (nothing) to 4, and what it says. */
export interface Shade {
  level: number;
  words: string;
}

const none: Shade = { level: 0, words: '' };
const minuteMs = 60_000;
const levels = ['low', 'medium', 'high', 'critical'];

/** The time that requests spend there in a second: how much of the whole system's waiting is in it. */
export const heatOf = (flow: Flow | undefined): number => (flow ? flow.requestsPerSecond * flow.p50Ms : 0);

export interface Seen {
  node: MapNode;
  flow: Flow | undefined;
  /** The greatest heat of any card. */
  mostHeat: number;
  /** When its newest instance began, where it is known; in milliseconds. */
  changedAt: number | undefined;
  now: number;
}

/** How a card is shaded. */
export function shadeOf(overlay: Overlay, { node, flow, mostHeat, changedAt, now }: Seen, ageWords: (count: number, unit: 's' | 'm' | 'h' | 'd') => string): Shade {
  switch (overlay) {
    case 'heat': {
      const heat = heatOf(flow);
      if (heat <= 0 || mostHeat <= 0) return none;
      return { level: Math.max(1, Math.ceil((heat / mostHeat) * 4)), words: `${latency(heat)}/s` };
    }
    case 'errors': {
      const ratio = flow && flow.requestsPerSecond > 0 ? flow.errorRatio : 0;
      if (ratio <= 0) return none;
      return { level: ratio >= 0.2 ? 4 : ratio >= 0.05 ? 3 : ratio >= 0.01 ? 2 : 1, words: percent(ratio) };
    }
    case 'change': {
      if (changedAt === undefined) return none;
      const minutes = Math.max(0, now - changedAt) / minuteMs;
      if (minutes >= 1440) return none;
      const words = minutes < 60 ? ageWords(Math.floor(minutes), 'm') : ageWords(Math.floor(minutes / 60), 'h');
      return { level: minutes < 5 ? 4 : minutes < 30 ? 3 : minutes < 180 ? 2 : 1, words };
    }
    case 'criticality':
      return node.kind === 'service' ? { level: levels.indexOf(node.criticality) + 1, words: '' } : none;
  }
}
