import type { TopOf, TraceSearch } from '../api/observeShapes';
import { logQueryOf, logSearchOf, type LogSearch } from './logsView';
import { querySpans } from './query';
import { queryOf, searchOf, topOfs, windows } from './observe';

/** A page and what it is about, as the address bar has it. */
export type Route =
  | { page: 'map'; selected?: string; at?: number }
  | { page: 'service'; name: string }
  | { page: 'history'; from?: number; to?: number }
  | { page: 'events' }
  | { page: 'traffic'; about?: string }
  | { page: 'policies'; about: string }
  | { page: 'traces'; search: TraceSearch }
  | { page: 'trace'; id: string }
  | { page: 'top'; of: TopOf; window: string; service?: string }
  | { page: 'logs'; search: LogSearch }
  | { page: 'why'; of: string }
  | { page: 'incidents'; name?: string }
  | { page: 'query'; query: string; span: string }
  | { page: 'now' }
  | { page: 'checkup' }
  | { page: 'jobs'; name?: string }
  | { page: 'queues'; name?: string }
  | { page: 'streams'; name?: string }
  | { page: 'releases'; name?: string }
  | { page: 'config'; name?: string }
  | { page: 'locks' }
  | { page: 'registry' }
  | { page: 'store' }
  | { page: 'flows'; run?: string }
  | { page: 'objectives' }
  | { page: 'hosts' }
  | { page: 'rehearse' }
  | { page: 'missing' };

/** Pages whose path says all. */
const plainPages = ['events', 'hosts', 'registry', 'rehearse', 'now', 'checkup', 'objectives', 'locks', 'store'] as const;

/** Reads a path with its query. */
export function parse(url: string): Route {
  const { pathname, searchParams } = new URL(url, 'http://page');
  const [first, second, ...more] = pathname.split('/').filter(Boolean);
  if (more.length > 0) return { page: 'missing' };
  if (first === undefined) {
    const selected = searchParams.get('node');
    const at = searchParams.get('at');
    return { page: 'map', ...(selected && { selected }), ...(at && /^\d{12,14}$/.test(at) && { at: Number(at) }) };
  }
  if (first === 'traffic' && second === undefined) {
    const about = searchParams.get('about');
    return { page: 'traffic', ...(about && { about }) };
  }
  if (first === 'traces') return second ? { page: 'trace', id: decodeURIComponent(second) } : { page: 'traces', search: searchOf(searchParams) };
  if (first === 'top' && second === undefined) {
    const service = searchParams.get('service');
    return { page: 'top', of: topOfs.find((one) => one === searchParams.get('of')) ?? 'operations', window: windows.find((one) => one === searchParams.get('window')) ?? '5m', ...(service && { service }) };
  }
  if (first === 'incidents') return { page: 'incidents', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'releases') return { page: 'releases', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'config') return { page: 'config', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'flows') return { page: 'flows', ...(second && { run: decodeURIComponent(second) }) };
  if (first === 'jobs') return { page: 'jobs', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'queues') return { page: 'queues', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'streams') return { page: 'streams', ...(second && { name: decodeURIComponent(second) }) };
  if (first === 'policies' && second === undefined) return { page: 'policies', about: searchParams.get('about') ?? '' };
  if (first === 'services' && second) return { page: 'service', name: decodeURIComponent(second) };
  if (second !== undefined) return { page: 'missing' };
  if (first === 'history') {
    const from = number(searchParams.get('from'));
    const to = number(searchParams.get('to'));
    return { page: 'history', ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  }
  if (first === 'query') return { page: 'query', query: searchParams.get('q') ?? '', span: Object.keys(querySpans).find((one) => one === searchParams.get('span')) ?? '15m' };
  if (first === 'why') return { page: 'why', of: searchParams.get('of') ?? '' };
  if (first === 'logs') return { page: 'logs', search: logSearchOf(searchParams) };
  return plainPages.find((page) => page === first) ? ({ page: first } as Route) : { page: 'missing' };
}

/** The path that `parse` reads back as this route. */
export function pathOf(route: Route): string {
  switch (route.page) {
    case 'map':
      return mapPath(route.selected, route.at);
    case 'service':
      return `/services/${encodeURIComponent(route.name)}`;
    case 'history': {
      const query = [route.from !== undefined && `from=${route.from}`, route.to !== undefined && `to=${route.to}`].filter(Boolean).join('&');
      return query ? `/history?${query}` : '/history';
    }
    case 'traces': {
      const query = queryOf(route.search);
      return query ? `/traces?${query}` : '/traces';
    }
    case 'incidents':
      return route.name ? `/incidents/${encodeURIComponent(route.name)}` : '/incidents';
    case 'releases':
      return route.name ? `/releases/${encodeURIComponent(route.name)}` : '/releases';
    case 'config':
      return route.name ? `/config/${encodeURIComponent(route.name)}` : '/config';
    case 'flows':
      return route.run ? `/flows/${encodeURIComponent(route.run)}` : '/flows';
    case 'jobs':
      return route.name ? `/jobs/${encodeURIComponent(route.name)}` : '/jobs';
    case 'queues':
      return route.name ? `/queues/${encodeURIComponent(route.name)}` : '/queues';
    case 'streams':
      return route.name ? `/streams/${encodeURIComponent(route.name)}` : '/streams';
    case 'query':
      return `/query?q=${encodeURIComponent(route.query)}&span=${route.span}`;
    case 'why':
      return route.of ? `/why?of=${encodeURIComponent(route.of)}` : '/why';
    case 'logs': {
      const query = logQueryOf(route.search);
      return query ? `/logs?${query}` : '/logs';
    }
    case 'trace':
      return `/traces/${encodeURIComponent(route.id)}`;
    case 'top':
      return `/top?of=${route.of}&window=${route.window}${route.service ? `&service=${encodeURIComponent(route.service)}` : ''}`;
    case 'policies':
      return `/policies?about=${encodeURIComponent(route.about)}`;
    case 'traffic':
      return route.about ? `/traffic?about=${encodeURIComponent(route.about)}` : '/traffic';
    default:
      return route.page === 'missing' ? '/' : `/${route.page}`;
  }
}

function mapPath(selected: string | undefined, at: number | undefined): string {
  const query = [selected && `node=${encodeURIComponent(selected)}`, at !== undefined && `at=${at}`].filter(Boolean).join('&');
  return query ? `/?${query}` : '/';
}

function number(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
