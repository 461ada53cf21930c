import type { Series } from '../domain/charts';
import { askedOf, type LogSearch } from '../domain/logsView';
import { queryOf } from '../domain/observe';
import type { HostRoom } from '../domain/headroom';
import type { JsonObject, Schema } from '../domain/schema';
import type { MessageState, QueueFigures, QueueMessage } from '../domain/queues';
import type { RequestList, RequestWish } from '../domain/requests';
import type { StreamEventPage, StreamInfo, StreamsStanding } from '../domain/streams';
import type { ObjectiveStanding } from '../domain/objectives';
import type { StoreStanding } from '../domain/servers';
import type { RehearsalAsk, RehearsalReport } from '../domain/rehearsal';
import type { DiffAnswer, ListAnswer, MapAnswer, ProblemDetails, RolloutAnswer, ScalingReport, Status } from './shapes';
import type { ConfigDiff, ConfigPageView, ConfigReaderRow, ConfigStagingView } from './configShapes';
import type { ApiMap, Diagnosis, Exemplar, Impact, LogPatterns, LogRecord, SeenChange, StatementPath, TopBy, TopOf, TopRow, TraceSearch, TraceSummary, TraceView } from './observeShapes';
import type { FlowCount, FlowRun, FlowRunView } from './flowShapes';
import type { Explanation, InterventionWish, PastRequest } from './trafficShapes';
import type { ArchitectureVersion, ConfigVersion, Event, FieldChange, Intervention } from './types';

/** A resource as it is declared, with the tag that a write of it must name. */
export interface Declared {
  resource: JsonObject;
  tag: string;
}

/** What a write did, or in a dry run would do. */
export interface ChangeResult {
  version: number;
  changes: FieldChange[];
  changed: boolean;
  warnings?: { path: string; what: string; remedy: string }[];
  /** The running services whose instances are replaced, in order. */
  moves?: { service: string; from?: string; to?: string; after: string[] }[];
}

/** A request that the server refused, or that never reached it (status 0). */
export class ApiError extends Error {
  constructor(readonly problem: ProblemDetails) {
    super(problem.title);
  }
}

const root = '/api/v1/';
const tokenKey = 'mainstay.token';

/** The bearer token of a server that is not on loopback; kept for this tab only. */
export const token = {
  get: (): string | null => sessionStorage.getItem(tokenKey),
  set: (value: string): void => sessionStorage.setItem(tokenKey, value),
};

/** Sends a request with the token; anything but 2xx becomes an `ApiError`. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const bearer = token.get();
  if (bearer) headers.set('Authorization', `Bearer ${bearer}`);
  let response: Response;
  try {
    response = await fetch(root + path, { ...init, headers, cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({ title: 'unreachable', status: 0 });
  }
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response;
}

async function problemOf(response: Response): Promise<ProblemDetails> {
  const fallback: ProblemDetails = { title: response.statusText || `HTTP ${response.status}`, status: response.status };
  if (!response.headers.get('Content-Type')?.includes('json')) return fallback;
  return { ...fallback, ...((await response.json().catch(() => ({}))) as Partial<ProblemDetails>) };
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { headers: { Accept: 'application/json' }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

async function post(path: string, body?: unknown): Promise<Response> {
  return await send(path, {
    method: 'POST',
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
}

export const api = {
  status: (signal?: AbortSignal) => get<Status>('status', signal),
  map: (signal?: AbortSignal) => get<MapAnswer>('map', signal),
  /** As it was at a past moment, in milliseconds since the epoch. */
  mapAt: (at: number, signal?: AbortSignal) => get<MapAnswer>(`map?at=${at}`, signal),
  changesSince: async (since: number, signal?: AbortSignal) => (await get<{ items: SeenChange[] }>(`changes?since=${since}`, signal)).items,
  reliability: async (signal?: AbortSignal) => (await get<{ items: ObjectiveStanding[] }>('reliability', signal)).items,
  logPatterns: (service: string | undefined, signal?: AbortSignal) => get<LogPatterns>(`logs/patterns?limit=500${service ? `&service=${encodeURIComponent(service)}` : ''}`, signal),
  /** Requests that stand for the values of a histogram's buckets, with their traces. */
  exemplars: async (query: string, { from, to }: { from: number; to: number }, signal?: AbortSignal) =>
    (await get<{ data: { exemplars: Exemplar[] }[] }>(`../../prometheus/api/v1/query_exemplars?query=${encodeURIComponent(query)}&start=${from / 1000}&end=${to / 1000}`, signal)).data.flatMap((one) => one.exemplars),
  versions: (signal?: AbortSignal) => all<ArchitectureVersion>('versions', signal),
  diff: (from: number, to: number, signal?: AbortSignal) => get<DiffAnswer>(`diff?from=${from}&to=${to}`, signal),
  eventsAbout: async (about: string, tail: number, signal?: AbortSignal) =>
    (await get<ListAnswer<Event>>(`events?about=${encodeURIComponent(about)}&tail=${tail}`, signal)).items,
  rollback: async (version: number, service: string | undefined, dryRun: boolean) =>
    (await (await post(`rollback${dryRun ? '?dryRun=true' : ''}`, { version: String(version), ...(service && { service }) })).json()) as ChangeResult,
  rollout: (service: string, signal?: AbortSignal) => get<RolloutAnswer>(`services/${encodeURIComponent(service)}/rollout`, signal),
  sayRollout: async (service: string, act: string, message: string) => void (await post(`services/${encodeURIComponent(service)}/rollout`, { act, message })),
  scale: async (service: string, instances: number | null) => void (await post(`services/${encodeURIComponent(service)}/scale`, { instances })),
  restart: async (service: string) => void (await post(`services/${encodeURIComponent(service)}/restart`)),
  intervene: async (wish: InterventionWish) => (await (await post('interventions', wish)).json()) as Intervention,
  endIntervention: async (name: string) => void (await send(`interventions/${encodeURIComponent(name)}`, { method: 'DELETE' })),
  explain: async (request: { method: string; url: string; headers: readonly string[] }) => (await (await post('explain', request)).json()) as Explanation,
  schema: (kind: string, signal?: AbortSignal) => get<Schema>(`kinds/${kind}/schema`, signal),
  declared: async (plural: string, name: string, signal?: AbortSignal): Promise<Declared> => {
    const response = await send(`${plural}/${encodeURIComponent(name)}`, signal && { signal });
    return { resource: (await response.json()) as JsonObject, tag: response.headers.get('ETag') ?? '' };
  },
  declare: async (plural: string, name: string, resource: JsonObject, tag: string, dryRun: boolean) =>
    (await (
      await send(`${plural}/${encodeURIComponent(name)}${dryRun ? '?dryRun=true' : ''}`, {
        method: 'PUT',
        body: JSON.stringify(resource),
        headers: { 'Content-Type': 'application/json', ...(tag && { 'If-Match': tag }) },
      })
    ).json()) as ChangeResult,
  purge: async (about: string, path?: string) => void (await post('cache/purge', { about, ...(path && { path }) })),
  /** `complete` is false where older ones were not looked at. */
  traces: (search: TraceSearch, signal?: AbortSignal) => get<{ items: TraceSummary[]; complete: boolean }>(`traces?${queryOf({ limit: '50', ...search })}`, signal),
  statements: async (window: string, asked: { service?: string; statement?: string; api?: string }, signal?: AbortSignal) =>
    (await get<{ items: StatementPath[] }>(`statements?window=${window}&limit=100${Object.entries(asked).map(([key, value]) => (value ? `&${key}=${encodeURIComponent(value)}` : '')).join('')}`, signal)).items,
  trace: (id: string, signal?: AbortSignal) => get<TraceView>(`traces/${encodeURIComponent(id)}`, signal),
  top: async (of: TopOf, by: TopBy, window: string, limit: number, service?: string, signal?: AbortSignal) =>
    (await get<{ items: TopRow[] }>(`top?of=${of}&by=${by}&window=${window}&limit=${limit}${service ? `&service=${encodeURIComponent(service)}` : ''}`, signal)).items,
  /** Which APIs call those of a service, and which they call. */
  apis: (service: string, signal?: AbortSignal) => get<ApiMap>(`map/apis?service=${encodeURIComponent(service)}`, signal),
  /** Values at the same times for every query of the same span: milliseconds since the epoch. */
  metrics: async (query: string, { from, to, stepMs }: { from: number; to: number; stepMs: number }, signal?: AbortSignal) =>
    (await get<{ series: Series[] }>(`metrics/query?query=${encodeURIComponent(query)}&start=${from}&end=${to}&step=${stepMs}ms`, signal)).series,
  logRecords: async (search: LogSearch, signal?: AbortSignal) => (await get<{ items: LogRecord[] }>(`telemetry/logs?limit=300&${askedOf(search)}`, signal)).items,
  scaling: (service: string, signal?: AbortSignal) => get<ScalingReport>(`services/${encodeURIComponent(service)}/scaling`, signal),
  why: (of: string, signal?: AbortSignal) => get<Diagnosis>(`why?of=${encodeURIComponent(of)}`, signal),
  impact: (of: string, signal?: AbortSignal) => get<Impact>(`impact?of=${encodeURIComponent(of)}`, signal),
  changeIncident: async (name: string, verb: 'ack' | 'resolve' | 'silence', span?: string) => void (await post(`incidents/${encodeURIComponent(name)}/${verb}${span ? `?for=${encodeURIComponent(span)}` : ''}`)),
  headroom: () => get<readonly HostRoom[]>('headroom'),
  useHost: async (host: string, verb: string) => void (await post(`hosts/${encodeURIComponent(host)}/${verb}`)),
  flowCounts: async (signal?: AbortSignal) => (await get<{ items: FlowCount[] }>('flow-counts', signal)).items,
  flowRuns: async (search: Record<string, string>, signal?: AbortSignal) => (await get<{ items: FlowRun[] }>(`flow-runs?${new URLSearchParams(search).toString()}`, signal)).items,
  flowRun: (id: string, signal?: AbortSignal) => get<FlowRunView>(`flow-runs/${encodeURIComponent(id)}`, signal),
  startFlow: async (flow: string, input: unknown) => void (await post(`flows/${encodeURIComponent(flow)}/runs`, { input })),
  tellFlowRun: async (id: string, verb: string) => void (await post(`flow-runs/${encodeURIComponent(id)}/${verb}`)),
  simulate: async (ask: RehearsalAsk) => (await (await post('simulate', ask)).json()) as RehearsalReport,
  runJob: async (name: string, parameters: Record<string, string>) => void (await post(`jobs/${encodeURIComponent(name)}/run`, { parameters })),
  cancelRun: async (name: string) => void (await post(`runs/${encodeURIComponent(name)}/cancel`)),
  queues: async (signal?: AbortSignal) => (await get<{ items: QueueFigures[] }>('state/queues', signal)).items,
  queueMessages: async (name: string, state: MessageState | undefined, limit: number, signal?: AbortSignal) =>
    (await get<{ messages: QueueMessage[] }>(`queues/${encodeURIComponent(name)}/messages?limit=${limit}${state ? `&state=${state}` : ''}`, signal)).messages,
  requests: (signal?: AbortSignal) => get<RequestList>('state/requests?limit=100', signal),
  changeRequest: async (id: string, wish: RequestWish) => void (await post(`state/requests/${encodeURIComponent(id)}/${wish}`)),
  streams: async (prefix: string, limit: number, signal?: AbortSignal) => (await get<{ items: StreamInfo[] }>(`streams?limit=${limit}&prefix=${encodeURIComponent(prefix)}`, signal)).items,
  streamsStanding: (signal?: AbortSignal) => get<StreamsStanding>('state/streams', signal),
  streamEvents: (name: string | undefined, before: number | undefined, limit: number, signal?: AbortSignal) =>
    get<StreamEventPage>(`${name === undefined ? 'state' : `streams/${encodeURIComponent(name)}`}/events?backward=true&limit=${limit}${before === undefined ? '' : `&before=${before}`}`, signal),
  rewindReader: async (name: string, position: number) => void (await post(`stream-readers/${encodeURIComponent(name)}/rewind`, { position })),
  replayQueue: async (name: string, ids?: readonly string[]) => void (await post(`queues/${encodeURIComponent(name)}/replay`, ids ? { ids } : {})),
  purgeQueue: async (name: string, dead: boolean) => void (await post(`queues/${encodeURIComponent(name)}/purge${dead ? '?dead=true' : ''}`)),
  store: (signal?: AbortSignal) => get<StoreStanding>('store', signal),
  backup: async () => await (await send('store/backup')).blob(),
  breakLock: async (name: string) => void (await post(`locks/${encodeURIComponent(name)}/break`, { reason: '' })),
  configValues: (space: string, environment: string, signal?: AbortSignal) => get<ConfigPageView>(`config/${encodeURIComponent(space)}/effective?environment=${encodeURIComponent(environment)}`, signal),
  configDiff: (space: string, signal?: AbortSignal) => get<ConfigDiff>(`config/${encodeURIComponent(space)}/diff`, signal),
  configReaders: async (space: string, signal?: AbortSignal) => (await get<{ items: ConfigReaderRow[] }>(`config/${encodeURIComponent(space)}/readers`, signal)).items,
  configVersions: async (space: string, signal?: AbortSignal) => (await get<{ items: ConfigVersion[] }>(`config/${encodeURIComponent(space)}/versions`, signal)).items,
  publishConfig: async (space: string, reason: string, steps: readonly string[] = []) => void (await post(`config/${encodeURIComponent(space)}/publish`, steps.length > 0 ? { reason, stages: { steps } } : { reason })),
  configStaging: (space: string, signal?: AbortSignal) => get<ConfigStagingView>(`config/${encodeURIComponent(space)}/staging`, signal),
  stageConfig: async (space: string, act: string) => void (await post(`config/${encodeURIComponent(space)}/staging`, { act })),
  discardConfig: async (space: string) => void (await post(`config/${encodeURIComponent(space)}/discard`)),
  rollBackConfig: async (space: string, version: number) => void (await post(`config/${encodeURIComponent(space)}/rollback`, { version })),
  request: (id: string) => get<PastRequest>(`requests/${encodeURIComponent(id)}`),
};

/** A bound on pages, so that a server that never ends a list cannot hold the page. */
const mostPages = 20;

async function all<T>(plural: string, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const answer: ListAnswer<T> = await get(`${plural}?limit=200${next ? `&continue=${encodeURIComponent(next)}` : ''}`, signal);
    items.push(...answer.items);
    next = answer.continue;
    if (!next) break;
  }
  return items;
}
