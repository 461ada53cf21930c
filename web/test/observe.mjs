// Telemetry of the made-up world: what traces and top tell. Deterministic.
import { random } from './world.mjs';

const chance = random(23);
const hex = (digits) => Array.from({ length: digits }, () => Math.floor(chance() * 16).toString(16)).join('');

const span = (id, parent, depth, service, name, kind, startMs, durationMs, selfMs, critical, more = {}) => ({
  id, ...(parent && { parent }), depth, service, instance: `${service}-1`, name, kind, error: false, message: '', startMs, durationMs, selfMs, critical, attributes: [], events: [], ...more,
});

export const slowTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
export const largeTrace = '00000000000000000000000000001000';

function checkout() {
  return [
    span('a1', undefined, 0, 'web', 'POST /checkout', 'server', 0, 420, 40, true, { attributes: [{ key: 'http.response.status_code', value: '500' }] }),
    span('b1', 'a1', 1, 'orders', 'POST /orders', 'server', 20, 360, 30, true),
    span('c1', 'b1', 2, 'orders', 'SELECT shop', 'client', 40, 290, 290, true, { error: true, message: 'lock timeout', attributes: [{ key: 'db.system.name', value: 'postgresql' }, { key: 'db.query.text', value: 'SELECT * FROM orders WHERE id = $1 FOR UPDATE' }], events: [{ atMs: 329, name: 'exception', attributes: [{ key: 'exception.type', value: 'LockTimeout' }] }] }),
    span('c2', 'b1', 2, 'payments', 'POST /pay', 'client', 335, 40, 40, true),
    span('b2', 'a1', 1, 'mailer', 'publish mails', 'producer', 385, 2, 2, false),
  ];
}

function large() {
  const spans = [span('s0', undefined, 0, 'report', 'GET /report', 'server', 0, 3000, 200, true)];
  for (let i = 1; i < 1200; i++) spans.push(span(`s${i}`, 's0', 1 + (i % 4), i % 3 ? 'report' : 'store', `step ${i}`, i % 3 ? 'internal' : 'client', i * 2.4, 1 + chance() * 40, 1, i % 9 === 0));
  return spans;
}

const view = (id, spans) => ({ id, at: new Date(Date.now() - 4000).toISOString(), durationMs: spans[0].durationMs, service: spans[0].service, name: spans[0].name, errors: spans.filter((one) => one.error).length, missing: 0, spans });

function summaries() {
  const names = ['GET /basket', 'GET /search', 'POST /checkout'];
  return Array.from({ length: 40 }, (_, i) => ({
    id: i === 0 ? slowTrace : hex(32), at: new Date(Date.now() - i * 900).toISOString(), durationMs: i === 0 ? 420 : 10 + chance() * 200, service: 'web', name: i === 0 ? 'POST /checkout' : names[i % 3], spans: 5 + (i % 9), services: 3, errors: i % 11 === 0 ? 1 : 0,
  }));
}

const top = {
  operations: [['web', 'GET /search', 940, 31], ['web', 'POST /checkout', 120, 420], ['orders', 'POST /orders', 118, 360]],
  services: [['web', '', 1060, 210], ['orders', '', 480, 180]],
  statements: [['orders', 'SELECT * FROM orders WHERE id = ? FOR UPDATE', 118, 290], ['inventory', 'UPDATE stock SET n = n - ? WHERE sku = ?', 96, 12]],
  callers: [['orders', 'web', 480, 180]],
};

const messages = ['order 17 stored in 12 ms', 'payment of order 18 refused', 'lock timeout after 300 ms'];

function logRecords(query) {
  return Array.from({ length: 120 }, (_, i) => ({
    at: new Date(Date.now() - i * 700).toISOString(), service: i % 2 ? 'orders' : 'web', instance: `orders-${1 + (i % 2)}`, severity: i % 3 === 2 ? 17 : 9, level: i % 3 === 2 ? 'ERROR' : 'INFO', message: messages[i % 3], ...(i % 3 === 2 && { trace: slowTrace }), attributes: [{ key: 'thread', value: `t${i % 4}` }],
  })).filter((one) => (!query.get('service') || one.service === query.get('service')) && (!query.get('text') || one.message.includes(query.get('text'))) && one.severity >= Number(query.get('severity') ?? 0) && (!query.get('trace') || one.trace === query.get('trace')));
}

/** Two lines of a metric over the span that is asked for, for the two instances of the service. */
function metric(query) {
  const [from, to, step] = ['start', 'end', 'step'].map((name) => Number(/^[0-9]+/.exec(query.get(name))[0]));
  const host = query.get('query').includes('system.cpu.time');
  const points = (phase, scale = 1) => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => [from + i * step, scale * (0.2 + 0.1 * Math.sin(i / 9 + phase))]);
  if (query.get('query').includes('_bucket')) return { series: [['0.01', 20], ['0.1', 60], ['1', 96], ['+Inf', 100]].map(([le, scale]) => ({ name: 'n', unit: '', kind: 'gauge', labels: { le, source: 'mesh' }, points: points(0, scale) })) };
  if (query.get('query').includes('failed')) return { series: [{ name: 'n', unit: '', kind: 'gauge', labels: { source: 'mesh' }, points: points(0, 5) }] };
  const labels = host ? [{ 'host.name': 'local', 'cpu.mode': 'user' }, { 'host.name': 'local', 'cpu.mode': 'idle' }] : [{ 'service.instance.id': 'orders-1' }, { 'service.instance.id': 'orders-2' }];
  return { query: query.get('query'), series: labels.map((one, i) => ({ name: 'n', unit: '', kind: 'gauge', labels: one, points: points(i) })) };
}

const diagnosis = {
  symptom: 'service/reviews: 31% of the requests fail, 0.1% usually', since: new Date(Date.now() - 120_000).toISOString(),
  causes: [
    { kind: 'rowLock', target: 'database/postgresql/shop', confidence: 0.82, evidence: [{ text: 'transactions that wait for a lock: 0 → 14', now: 14, before: 0, unit: '' }, { text: 'a request that waited 290 ms', trace: slowTrace, statement: 'SELECT * FROM orders WHERE id = ? FOR UPDATE' }] },
    { kind: 'change', target: 'service/reviews', confidence: 0.4, evidence: [{ text: 'version 1.0.3 began', at: new Date(Date.now() - 200_000).toISOString() }] },
  ],
};

const missingThing = (of) => ({ status: 404, body: { title: 'Not Found', status: 404, detail: `there is no '${of}'`, remedy: "see 'mainstay map'" } });

const burns = (long, short) => [['1h', '5m', 14.4], ['6h', '30m', 6], ['3d', '6h', 1]].map(([a, b, factor]) => ({ long: a, short: b, factor, longBurn: long, shortBurn: short, firing: long > factor && short > factor }));

const objectives = [
  { name: 'browse', route: 'catalogue', window: '30d', since: '2026-01-02T03:04:05Z', incidents: 0, indicators: [{ of: 'availability', target: 0.999, requests: 1_204_333, bad: 12, actual: 0.99999, nines: 5, budgetLeft: 0.99, burns: burns(0, 0) }] },
  {
    name: 'checkout', route: 'orders-api', window: '30d', since: '2026-01-02T03:04:05Z', incidents: 3, mttrSeconds: 540, mttfSeconds: 401_000,
    indicators: [
      { of: 'availability', target: 0.999, requests: 88_120, bad: 131, actual: 0.998513, nines: 2.83, budgetLeft: -0.49, burns: burns(21.3, 30.1) },
      { of: 'latency', target: 0.99, requests: 88_120, bad: 500, actual: 0.994, nines: 2.22, budgetLeft: 0.43, burns: burns(2, 0.4) },
    ],
  },
  { name: 'new-one', route: 'carts', window: '7d', incidents: 0, indicators: [{ of: 'latency', target: 0.99, requests: 0, bad: 0, budgetLeft: 1, burns: burns(0, 0) }] },
];

const patternRows = [
  ['payments', 'cannot reach the bank after <*> ms: connection refused', 17, 412, true], ['web', 'GET <*> answered <*> in <*> ms', 9, 91_244, false], ['orders', 'order <*> of <*> items for customer <*> was placed', 9, 20_411, false],
  ['orders', 'retrying statement <*>: deadlock detected', 13, 31, true], ['ledger', 'booked <*>', 9, 20_390, false],
];
const patterns = (service) => ({
  since: new Date(Date.now() - 600_000).toISOString(), total: 37,
  items: patternRows.filter(([of]) => !service || of === service).map(([of, text, severity, count, isNew], i) => ({ isNew, pattern: { id: `p${i}`, service: of, text, severity, count, first: new Date(Date.now() - (isNew ? 500_000 : 90_000_000)).toISOString(), last: new Date(Date.now() - i * 61_000).toISOString(), lastHour: [], example: text.replaceAll('<*>', '17') } })),
});

export function readObserve(noun, name, query) {
  if (noun === 'reliability') return { status: 200, body: { at: new Date().toISOString(), items: objectives } };
  if (noun === 'logs' && name === 'patterns') return { status: 200, body: patterns(query.get('service')) };
  if (noun === 'changes') return { status: 200, body: { items: [{ at: new Date(Date.now() - 1_200_000).toISOString(), service: 'reviews', kind: 'release', text: 'reviews 1.0.2 → 1.0.3' }] } };
  if (noun === 'telemetry' && name === 'logs') return { status: 200, body: { items: logRecords(query).slice(0, Number(query.get('limit') ?? 100)) } };
  if (noun === 'metrics' && query.get('query').includes('nonsense')) return { status: 400, body: { title: 'Bad Request', status: 400, detail: "1:1: there is no function 'nonsense'", remedy: 'see what can be asked in docs/observe.md' } };
  if (noun === 'metrics') return { status: 200, body: metric(query) };
  if (noun === 'why') return { status: 200, body: /reviews/.test(query.get('of')) ? diagnosis : { causes: [] } };
  if (noun === 'impact') return query.get('of') === 'nothing' ? missingThing('nothing') : { status: 200, body: { target: query.get('of'), apis: [{ route: 'orders-api', share: 0.62, requestsPerSecond: 41, addedP99Ms: 210, errorRatio: 0.03 }] } };
  if (noun === 'traces' && name) {
    const spans = name === largeTrace ? large() : name === slowTrace ? checkout() : undefined;
    return spans ? { status: 200, body: view(name, spans) } : { status: 404, body: { title: 'Not Found', status: 404, detail: `there is no trace ${name}`, remedy: 'it never came, or made room for newer ones' } };
  }
  if (noun === 'traces') {
    if (query.get('minDuration') === 'soon') return { status: 400, body: { title: 'Bad Request', status: 400, detail: "'soon' is not a value of minDuration", remedy: 'give a duration such as 250ms or 2s' } };
    const items = summaries().filter((one) => (!query.get('operation') || one.name === query.get('operation')) && (!query.get('error') || one.errors > 0 === (query.get('error') === 'true')));
    return { status: 200, body: { items: items.slice(0, Number(query.get('limit') ?? 20)), complete: query.get('operation') !== 'seldom' } };
  }
  if (noun === 'map' && name === 'apis') {
    const edge = { from: 'web', fromApi: 'POST /checkout', to: 'orders', toApi: 'POST /orders', calls: 118, callsPerRequest: 1.02, share: 1, errorRatio: 0.04, p50Ms: 90, p99Ms: 360, trace: slowTrace };
    return { status: 200, body: { traces: 200, edges: [edge, { ...edge, from: 'orders', fromApi: 'POST /orders', to: 'inventory', toApi: 'GET /stock/{sku}', calls: 240, callsPerRequest: 2.03, errorRatio: 0 }].filter((one) => !query.get('service') || [one.from, one.to].includes(query.get('service'))) } };
  }
  if (noun === 'statements') {
    const path = { service: 'orders', statement: 'select * from stock where sku = ?', apiService: 'web', api: 'POST /checkout', calls: 840, requests: 120, apiShare: 0.92, callsPerRequest: 7, errorRatio: 0, heatSeconds: 12.4, statementShare: 0.81, timeShare: 0.44, exemplar: slowTrace };
    return { status: 200, body: { window: '5m', items: [path, { ...path, api: 'GET /', calls: 60, requests: 60, callsPerRequest: 1, apiShare: 0.1, statementShare: 0.19, timeShare: 0.05 }] } };
  }
  if (noun === 'top') {
    const [of, by] = [query.get('of'), query.get('by')];
    const rows = top[of].map(([service, label, calls, p99Ms]) => ({ service, name: label, instances: 2, calls, callsPerSecond: calls / 300, errorRatio: label.includes('checkout') ? 0.04 : 0, p50Ms: p99Ms / 4, p99Ms, heatSeconds: (calls * p99Ms) / 4000, apdex: 0.94, exemplar: slowTrace }));
    const weight = { calls: 'calls', slow: 'p99Ms', heat: 'heatSeconds' }[by];
    return { status: 200, body: { of, by, window: query.get('window'), items: rows.sort((a, b) => b[weight] - a[weight]).slice(0, Number(query.get('limit'))) } };
  }
  return undefined;
}

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

/** Two incidents: one goes on, one is over. */
export function makeIncidents() {
  return [
    {
      kind: 'incident', name: 'inc-2', revision: 901, title: 'transactions of postgresql/shop wait for locks', state: 'open', criticality: 'critical', began: ago(190), opened: ago(170), reopened: 1, acknowledgedBy: '', resolvedBy: '',
      symptoms: [{ subject: 'route/orders-api', text: 'p99 34 ms → 1.2 s', since: ago(190) }, { subject: 'service/orders', text: '12% of the requests fail', since: ago(150) }],
      causes: [{ kind: 'rowLock', target: 'database/postgresql/shop', confidence: 0.82, evidence: ['transactions that wait for a lock: 0 → 14'] }],
      actions: [{ id: 'a1', do: 'admit', about: 'service/orders', text: 'admit only what matters, so that the database has less to do', how: 'mainstay intervention begin service/orders --admit 192 --for 10m --reason "row locks"', undo: 'mainstay intervention end NAME', state: 'suggested', verdict: '' }],
      told: { chat: 'firing' },
    },
    { kind: 'incident', name: 'inc-1', revision: 800, title: 'reviews-1 runs at 100% CPU', state: 'resolved', criticality: 'low', began: ago(90_000), opened: ago(89_990), ended: ago(89_400), reopened: 0, acknowledgedBy: 'mei', resolvedBy: '', symptoms: [], causes: [{ kind: 'cpu', target: 'host/local', confidence: 0.7, evidence: [] }], actions: [], told: {} },
  ];
}

/** What a POST about an incident answers. */
export function changeIncident(incidents, name, verb) {
  const one = incidents.find((incident) => incident.name === name);
  if (!one) return undefined;
  if (verb === 'ack') Object.assign(one, { state: 'acknowledged', acknowledgedBy: 'dashboard' });
  else if (verb === 'resolve') Object.assign(one, { state: 'resolved', ended: ago(0), resolvedBy: 'dashboard' });
  else one.silentUntil = ago(-3600);
  return one;
}

/** Two requests with traces, one of them slow. */
export function exemplarsOf(query) {
  const end = Number(query.get('end'));
  return { status: 'success', data: [{ seriesLabels: {}, exemplars: [{ labels: { trace_id: slowTrace }, value: '0.42', timestamp: end - 200 }, { labels: { trace_id: largeTrace }, value: '0.02', timestamp: end - 400 }] }] };
}
