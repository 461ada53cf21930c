import type { Route } from './route';

/** Where a cause's target can be looked at; undefined where there is no page of it. */
export function targetRoute(target: string): Route | undefined {
  const [, kind, name] = /^([a-z]+)\/(.+)$/s.exec(target) ?? [];
  switch (kind) {
    case 'service':
      return { page: 'service', name: name! };
    case 'instance':
      return { page: 'service', name: name!.replace(/-\d+$/, '') };
    case 'host':
      return { page: 'hosts' };
    case 'route':
    case 'need':
      return { page: 'traffic', about: target };
    case 'statement':
      return { page: 'why', of: name! };
    case 'database':
    case 'cache':
    case 'external':
    case 'queue':
      return { page: 'map', selected: name! };
    default:
      return undefined;
  }
}

/** Whether a name can have a diagnosis: services, routes and queues have. */
export const canAsk = (of: string): boolean => !/^(host|instance|database|cache|external|statement)\//.test(of) && !/\s/.test(of);
