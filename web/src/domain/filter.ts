import type { Criticality, MapNode } from '../api/shapes';
import { toneOf, type Tone } from './tone';

/** What the map shows in full; the rest is dimmed, not removed, so that nothing moves. Empty sets let everything pass. */
export interface Filter {
  text: string;
  tones: readonly Tone[];
  criticalities: readonly Criticality[];
  host: string;
}

export const noFilter: Filter = { text: '', tones: [], criticalities: [], host: '' };

export const isActive = (filter: Filter): boolean =>
  filter.text.trim() !== '' || filter.tones.length > 0 || filter.criticalities.length > 0 || filter.host !== '';

/** Every word of the text must be part of the name, title, version, state or reason. */
export function passes(filter: Filter, node: MapNode): boolean {
  if (filter.tones.length > 0 && !filter.tones.includes(toneOf(node))) return false;
  if (filter.criticalities.length > 0 && !(node.kind === 'service' && filter.criticalities.includes(node.criticality))) return false;
  if (filter.host !== '' && !node.instances.some((instance) => instance.host === filter.host)) return false;
  const hay = `${node.id} ${node.title} ${node.version ?? ''} ${node.state} ${node.reason}`.toLowerCase();
  return filter.text.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

/** Best first: names that begin with the text, then names that contain it, then the rest by name. */
export function ranked(filter: Filter, nodes: Iterable<MapNode>): MapNode[] {
  const text = filter.text.trim().toLowerCase();
  const rank = (node: MapNode) => (node.id.startsWith(text) ? 0 : node.id.includes(text) ? 1 : 2);
  return [...nodes].filter((node) => passes(filter, node)).sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** The set with the item added, or taken out where it was in. */
export const toggled = <T>(set: readonly T[], item: T): T[] => (set.includes(item) ? set.filter((other) => other !== item) : [...set, item]);
