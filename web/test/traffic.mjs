// Traffic of the made-up world: what GET /api/v1/traffic tells, and what can be done to it.
import { random } from './world.mjs';

const chance = random(11);

export function makeTraffic() {
  return { banned: ['198.51.100.7'], interventions: [], notices: [notice('route/orders-api', 'BreakerOpened', '62% of 40 requests failed'), notice('route/shop', 'LimitStepped', 'limit 40 to 20: p99 812 ms is above 2 x 250 ms')], serial: 0 };
}

export function trafficOf(world, traffic) {
  return {
    at: new Date().toISOString(),
    revision: world.revision,
    ways: [
      way('route/orders-api', 'GET,POST /api/orders/{**rest}', 'orders', 41, 0.62, [
        policy('breaker', 'breaker', 'open', '62% of 40 requests failed', { errorRatio: 0.62, calls: 40, retryInMs: 3200 }),
        policy('limit-1', 'tokenBucket', 'admitting', '', { limit: 200, clients: 12, refused: 0 }),
      ]),
      way('route/shop', '/{**rest}', 'web', 182, 0.002, [policy('limit-1', 'adaptive', 'limiting', 'p99 812 ms is above 2 x 250 ms', { limit: 20, inFlight: 20, p90Ms: 310.2, p99Ms: 812 }), policy('cache', 'cache', 'warm', '', { hits: 630, misses: 370, stale: 2, hitPercent: traffic.purged ? 0 : 63.2, objects: 120, bytes: 812000, evictions: 3 })]),
      way('need/web.reviews', '', 'reviews', 88, 0, []),
      way('need/orders.mailer', '', 'mailer', 0, 0, []),
    ],
    door: traffic.banned.length === 0 ? [policy('bans', 'bans', 'watching', '', { banned: 0 })] : [policy('bans', 'bans', 'banning', traffic.banned.map((who) => `${who} for another 4m: 41 paths that are not there`).join('; '), { banned: traffic.banned.length, refused: 812 })],
    interventions: traffic.interventions,
    notices: traffic.notices,
  };
}

/** Answers a write; undefined where it is none of these. */
export function actOnTraffic(traffic, method, noun, name, body) {
  if (noun === 'interventions' && method === 'DELETE') {
    const at = traffic.interventions.findIndex((one) => one.name === name);
    if (at < 0) return [404, { title: 'not found', status: 404, detail: `there is no intervention '${name}'`, remedy: 'see mainstay get interventions' }];
    return [200, traffic.interventions.splice(at, 1)[0]];
  }
  if (noun === 'interventions') {
    if (!/^(route|need|service)\//.test(body.about)) {
      return [422, { title: 'Unprocessable Entity', status: 422, detail: `'${body.about}' is nothing that can be intervened in`, remedy: 'write route/NAME, need/CALLER.CALLEE or service/NAME' }];
    }
    const { for: span, ...act } = body;
    const one = { name: `i${++traffic.serial}`, ...act, by: 'dashboard', at: new Date().toISOString(), until: new Date(Date.now() + 600_000).toISOString() };
    traffic.interventions.push(one);
    traffic.notices.unshift(notice(one.about, 'InterventionBegan', one.reason));
    return [201, one];
  }
  if (noun === 'cache') {
    if (!body.about.startsWith('route/shop')) return [422, { title: 'Unprocessable Entity', status: 422, detail: `'${body.about}' keeps no responses`, remedy: 'declare cache' }];
    traffic.purged = body.path ?? '*';
    return [200, { about: body.about }];
  }
  if (noun === 'simulate') return rehearse(body);
  if (noun === 'explain') {
    const found = body.url.includes('/api/orders');
    const steps = [step('parse', 'pass', `${body.method} is well-formed`), found ? step('match', 'pass', 'takes route/orders-api to orders') : step('match', 'refuse', 'No route matches this host and path.')];
    return [200, found
      ? { tableRevision: 7, about: 'route/orders-api', status: 503, reason: 'breaker-open', steps: [...steps, step('limit-1', 'pass', '199 of 200 tokens left for 127.0.0.1'), step('breaker', 'refuse', 'open for another 3 s: 62% of 40 requests failed')] }
      : { tableRevision: 7, about: '', status: 404, reason: 'no-route', steps }];
  }
  return undefined;
}

function rehearse(ask) {
  if (ask.names?.includes('nowhere')) {
    const problems = [{ path: 'names', what: "there is no host 'nowhere'", remedy: "'mainstay get hosts' lists them" }];
    return [422, { title: 'Unprocessable Entity', status: 422, detail: problems[0].what, remedy: problems[0].remedy, problems }];
  }
  const hurt = (name, criticality, without, fails, through) => ({ name, criticality, without, fails, waits: 0.02, lesser: 0, worst: fails * 4, worstAt: 0, perSecond: 90, failed: 90 * fails * 30, ...(through && { through }) });
  const line = (at, kind, about, words, severity = 'info') => ({ at, kind, about, text: words, severity });
  return [200, {
    title: `${ask.what} ${(ask.names ?? [ask.factor]).join(' ')}`, seconds: 30, seed: ask.seed ?? 1, more: 0, tookMs: 41,
    lines: [
      line(0, 'cause', '', `${ask.what} local`, 'warning'), line(2.6, 'host', 'host/local', 'local is lost: its agent does not answer', 'error'),
      line(2.6, 'place', 'instance/web-3', 'web-3 gets a place on other'), line(2.65, 'instance', 'instance/web-3', 'web-3 starts'), line(4.65, 'instance', 'instance/web-3', 'web-3 is ready on other'),
    ],
    services: [hurt('web', 'critical', 0, 0.033, 'orders'), hurt('orders', 'critical', 2.5, 0.023)], routes: [hurt('shop', 'critical', 0, 0.033)],
    jobs: [{ name: 'report', succeeded: 1, failed: 0, open: 0, leftOut: 0, lostTries: 1, failedTries: 0, lostSeconds: 2.6, isHurt: true, why: 'local is lost' }],
    incidents: [{
      opens: 12, ends: 20, title: 'route shop fails for 3% of its requests', criticality: 'critical', cause: 'host down, host/local', confidence: 0.9, told: ['chat'], evidence: ['local does not answer'],
      actions: [{ text: 'replace what ran there', how: 'mainstay host drain local', state: 'suggested', verdict: '' }],
    }],
    objectives: [{ name: 'checkout', route: 'shop', spent: 0.004 }], open: ['orders-db: 0 of 1 ready, Run, Degraded: its host does not answer'], assumed: ['web starts in 2s, as it did'],
  }];
}

export const pastRequest = (id) => ({
  id, at: new Date().toISOString(), start: 'GET /api/orders/4711 HTTP/1.1', about: 'route/orders-api', service: 'orders', instance: 'orders-1',
  status: 504, reason: 'upstream-timeout', detail: "The endpoint did not answer within the route's timeout.", durationMs: 2001.4, attempts: 1, bytesIn: 90, bytesOut: 300,
});

const step = (station, verdict, why) => ({ station, verdict, why });

const notice = (about, reason, message) => ({ at: new Date(Date.now() - 5000).toISOString(), gateway: 'gateway-1', about, reason, message, isWarning: true });

const policy = (name, kind, state, why, numbers) => ({ gateway: 'gateway-1', policy: name, kind, state, why, numbers });

function way(about, match, to, rate, errorRatio, policies) {
  const requests = rate * 10 * (0.95 + chance() * 0.1);
  const spread = [0.02, 0.1, 0.3, 0.28, 0.15, 0.08, 0.04, 0.02, 0.008, 0.002, 0, 0, 0];
  return {
    about, match, to, requestsPerSecond: requests / 10, errorRatio, p50Ms: rate && 6.1, p99Ms: rate && 212, policies,
    latency: spread.map((share) => Math.round(share * requests)),
  };
}
