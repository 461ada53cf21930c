import type { FieldChange } from '../api/types';

export type ChangeKind = 'added' | 'removed' | 'changed';

export interface Change {
  /** The path below the group; empty where the whole group came or went. */
  path: string;
  kind: ChangeKind;
  before: string;
  after: string;
}

/** The changes of one service, route or setting. */
export interface ChangeGroup {
  /** `services.web`, `routes.orders-api`, `listen`. */
  name: string;
  /** The service that it is about, where it is about one. */
  service?: string;
  changes: Change[];
}

/** Puts the changes of one thing together, in the order of first appearance. */
export function grouped(changes: readonly FieldChange[]): ChangeGroup[] {
  const groups = new Map<string, ChangeGroup>();
  for (const change of changes) {
    const parts = change.path.split('.');
    const collection = parts[0] === 'services' || parts[0] === 'routes' || parts[0] === 'objectives';
    // A route's name is one part, but what lies below it is what one looks for.
    const route = parts[0] === 'gateway' && parts[1] === 'routes' && parts.length > 2;
    const head = parts.slice(0, route ? 3 : collection ? 2 : 1);
    const name = head.join('.');
    const group = groups.get(name) ?? { name, ...(parts[0] === 'services' && parts[1] && { service: parts[1] }), changes: [] };
    groups.set(name, group);
    group.changes.push({
      path: parts.slice(head.length).join('.'),
      kind: change.before == null ? 'added' : change.after == null ? 'removed' : 'changed',
      before: readable(change.before),
      after: readable(change.after),
    });
  }
  return [...groups.values()];
}

/** JSON text as a person writes it: a plain string without quotes, structures indented. */
export function readable(json: string | null | undefined): string {
  if (json == null) return '';
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  } catch {
    return json;
  }
}

/** Whether a version's changes touch the service. */
export const touches = (changes: readonly FieldChange[], service: string): boolean =>
  changes.some(({ path }) => path === `services.${service}` || path.startsWith(`services.${service}.`));
